import { expect, it } from "vitest";
import { beforeLeaving, tidy } from "./leaving";

it("sends what waits before a log-out, and one that fails stops nothing", async () => {
  const sent: string[] = [];
  const empty = { length: 0, key: () => null, getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
  const back = [
    beforeLeaving(() => Promise.reject(new Error("away"))),
    beforeLeaving(async () => void sent.push("first")),
    beforeLeaving(async () => void sent.push("closed")),
  ];
  back[2]!();
  await tidy("ada", empty);
  expect(sent).toEqual(["first"]);
  back.forEach((take) => take());
});
