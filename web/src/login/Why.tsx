// Why it did not work, in its place on the form.
import type { ReactNode } from "react";
import { Icon } from "../parts/Icon";
import css from "./login.module.css";

export function Why({ children }: { children: ReactNode }) {
  return <p className={css.problem} role="alert"><Icon name="warning" size={18} />{children}</p>;
}
