// What came in: notes, what was refused, and the datasets that models learn from.
import { useMay } from "../api/session";
import { Page } from "../parts/Page";
import { Parts } from "../parts/Tabs";
import { Datasets } from "./Datasets";
import { Notes } from "./Notes";
import { Quarantine } from "./Quarantine";

export function DataPage() {
  const may = useMay();
  return (
    <Page title="Data" about="Notes that came in, what the contract refused, and the frozen datasets that models learn from.">
      <Parts
        from="/data"
        parts={[
          { value: "notes", label: "Notes", shown: may("notes:read"), body: () => <Notes /> },
          { value: "quarantine", label: "Quarantine", shown: may("quarantine"), body: () => <Quarantine /> },
          { value: "datasets", label: "Datasets", shown: may("models:read"), body: () => <Datasets /> },
        ]}
      />
    </Page>
  );
}
