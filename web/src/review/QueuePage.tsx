import { Page } from "../parts/Page";
export function QueuePage() { return <Page title="QueuePage">…</Page>; }
