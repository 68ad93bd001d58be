import { Page } from "../parts/Page";
export function DataPage() { return <Page title="DataPage">…</Page>; }
