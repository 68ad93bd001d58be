import { Page } from "../parts/Page";
export function ReviewPage() { return <Page title="ReviewPage">…</Page>; }
