import { Page } from "../parts/Page";
export function ComparePage() { return <Page title="ComparePage">…</Page>; }
