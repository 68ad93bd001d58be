import { Page } from "../parts/Page";
export function AdminPage() { return <Page title="AdminPage">…</Page>; }
