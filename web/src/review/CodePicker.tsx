// Chooses a code: what the phrase may mean first, then whatever is typed.
import { Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, told } from "../api/client";
import { DISEASE, TREATMENT, type Code } from "../note/values";
import { Icon } from "../parts/Icon";
import { entity, leaveMode, recode, type Editor } from "./editor";
import css from "./review.module.css";

export function CodePicker({ editor, change }: { editor: Editor; change: (make: (editor: Editor) => Editor) => void }) {
  const one = entity(editor, editor.selected);
  const [query, setQuery] = useState(one?.text ?? "");
  const [sought] = useDebouncedValue(query.trim(), 150);
  const [at, setAt] = useState(0);
  const codes = useQuery({
    queryKey: ["codes", one?.type, sought],
    enabled: sought.length > 0,
    gcTime: 0, // what was looked for may be words of a note
    placeholderData: keepPreviousData,
    queryFn: () => told(api.POST("/api/v1/codes", { body: { query: sought, type: one?.type === TREATMENT ? TREATMENT : DISEASE } })),
  });
  const all: (Code | null)[] = [...(codes.data?.items ?? []), ...(one?.codes.length ? [null] : [])];
  const choose = (code: Code | null) => change((e) => recode(e, code));
  return (
    <Modal opened onClose={() => change(leaveMode)} title={`Code of “${one?.text}”`} size="lg" transitionProps={{ duration: 0 }}>
      <TextInput
        data-autofocus aria-label="search codes" leftSection={<Icon name="search" />} value={query}
        onFocus={(e) => e.currentTarget.select()}
        onChange={(e) => { setQuery(e.currentTarget.value); setAt(0); }}
        onKeyDown={(e) => {
          if (e.key === "ArrowDown" || e.key === "ArrowUp") {
            e.preventDefault();
            setAt((i) => Math.min(Math.max(i + (e.key === "ArrowDown" ? 1 : -1), 0), all.length - 1));
          } else if (e.key === "Enter" && !e.ctrlKey && at in all) {
            e.preventDefault();
            choose(all[at]!);
          }
        }}
      />
      <div className={css.codes} role="listbox" aria-label="codes">
        {all.map((code, i) => (
          <button key={code ? `${code.system} ${code.code}` : "none"} type="button" role="option" aria-selected={i === at} className={css.code} onClick={() => choose(code)}>
            {code ? <><b className="numbers">{code.code}</b><span>{code.display}</span><small className="muted">{code.system}</small></> : <span>No code</span>}
          </button>
        ))}
        {codes.isFetched && !codes.data?.items.length && sought && <p className="muted">No code of that name. Try fewer or plainer words.</p>}
        {codes.error && <p className="muted">Codes cannot be looked up now.</p>}
      </div>
    </Modal>
  );
}
