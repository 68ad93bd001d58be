// Catches what breaks in a page, so that the rest stays usable and nobody looks at a white screen.
import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { Empty } from "../parts/Page";

export class Fault extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    return this.state.error ? <Fault.Shown error={this.state.error} /> : this.props.children;
  }

  /** A new version of the app takes the files of the old one away: then only a reload helps. */
  static Shown({ error }: { error: unknown }) {
    const moved = error instanceof Error && /dynamically imported module|Failed to fetch|Unable to preload/.test(error.message);
    return (
      <Empty
        icon="warning"
        title={moved ? "The app was renewed, or the server cannot be reached." : "This page broke."}
        action={<Button onClick={() => window.location.reload()}>Load it again</Button>}
      >
        Drafts are kept: nothing that you did is lost.
      </Empty>
    );
  }
}
