// Said when a draft cannot be saved because the note has changed elsewhere: another tab, or another person.
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Icon } from "../parts/Icon";
import css from "./review.module.css";

export function Conflict({ reload }: { reload: () => void }) {
  return (
    <div className={css.conflict} role="alert">
      <Icon name="warning" size={18} />
      <span>This note was changed elsewhere, in another tab or by another person. Your last changes here are not saved.</span>
      <Button size="compact-sm" color="red" onClick={reload}>Load it as it is now</Button>
      <Button size="compact-sm" variant="default" component={Link} to="/review">Back to the queue</Button>
    </div>
  );
}
