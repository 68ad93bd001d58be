// Whether somebody has put the first steps away; kept on this computer, for each person alone.
import { createStore, useStore } from "../parts/store";

const KEY = "behealthy-first-steps-away";

type Shelf = Pick<Storage, "getItem" | "setItem">;

const changed = createStore(0);

export function isAway(name: string, shelf: Shelf = localStorage): boolean {
  return names(shelf).includes(name);
}

export function putAway(name: string, shelf: Shelf = localStorage): void {
  keep([...names(shelf).filter((each) => each !== name), name], shelf);
}

/** Brings the list back: from the palette, from the keys' help, and at the end of the tour. */
export function recallSteps(name: string, shelf: Shelf = localStorage): void {
  keep(names(shelf).filter((each) => each !== name), shelf);
}

/** Whether they are away, as it is now. */
export function useAway(name: string): boolean {
  useStore(changed);
  return isAway(name);
}

function keep(all: string[], shelf: Shelf): void {
  try {
    shelf.setItem(KEY, JSON.stringify(all));
  } catch {
    // A full or forbidden shelf: it is back with the next load, which does no harm.
  }
  changed.set(changed.get() + 1);
}

function names(shelf: Shelf): string[] {
  try {
    const all: unknown = JSON.parse(shelf.getItem(KEY) ?? "[]");
    return Array.isArray(all) ? all.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}
