import { Page } from "../parts/Page";
export function KpisPage() { return <Page title="KpisPage">…</Page>; }
