import { expect, it } from "vitest";
import { ActiveClock } from "./clock";

it("counts while somebody is at it and stops after thirty seconds", () => {
  const clock = new ActiveClock();
  expect(clock.seconds(5_000)).toBe(0);
  clock.touch(0);
  clock.touch(10_000);
  expect(clock.seconds(20_000)).toBe(20);
  expect(clock.seconds(500_000)).toBe(40);
  expect(clock.idle(500_000)).toBe(true);
  clock.touch(500_000);
  clock.touch(501_000);
  expect(clock.seconds(501_000)).toBe(41);
});

it("does not count while the page is hidden", () => {
  const clock = new ActiveClock();
  clock.touch(0);
  clock.pause(4_000);
  clock.touch(20_000);
  expect(clock.seconds(21_000)).toBe(5);
});
