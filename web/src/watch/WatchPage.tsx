import { Page } from "../parts/Page";
export function WatchPage() { return <Page title="WatchPage">…</Page>; }
