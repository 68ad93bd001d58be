// People, keys for programs, and who did what to patient data.
import { FirstSteps } from "../start/FirstSteps";
import { Page } from "../parts/Page";
import { Parts } from "../parts/Tabs";
import css from "./admin.module.css";
import { Audit } from "./Audit";
import { Keys } from "./Keys";
import { People } from "./People";

export function AdminPage() {
  return (
    <Page title="Admin" about="Who may come in, which programs may call, and what was done with patient data.">
      <Parts
        from="/admin"
        parts={[
          { value: "people", label: "People", shown: true, body: () => <div className={css.stack}><FirstSteps /><People /></div> },
          { value: "keys", label: "Keys", shown: true, body: () => <Keys /> },
          { value: "audit", label: "Audit trail", shown: true, body: () => <Audit /> },
        ]}
      />
    </Page>
  );
}
