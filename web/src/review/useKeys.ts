// The keyboard of the review page: each press becomes a wish, unless somebody is typing into a field or a dialog is open.
import { useEffect, useRef } from "react";
import type { Editor } from "./editor";
import { wish, type Wish } from "./keys";

const FIELDS = "input, textarea, select, [contenteditable]";

export function useKeys(mode: Editor["mode"]["kind"], grant: (wish: Wish) => void): void {
  const latest = useRef({ mode, grant });
  useEffect(() => {
    latest.current = { mode, grant };
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest("[role=dialog]") || document.querySelector("[role=dialog]")) return;
      const typing = target?.closest(FIELDS);
      // A button in focus keeps its own keys; what is typed into a field stays there. Ctrl+Enter and Escape go through.
      const own = typing ? !(event.ctrlKey && event.key === "Enter") && event.key !== "Escape" : target?.closest("button, a") && (event.key === "Enter" || event.key === " ");
      if (own) return;
      const press = { key: event.key, code: event.code, ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey, alt: event.altKey };
      const asked = wish(press, latest.current.mode);
      if (!asked) return;
      event.preventDefault();
      latest.current.grant(asked);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}
