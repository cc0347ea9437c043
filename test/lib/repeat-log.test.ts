import { expect, it } from "vitest";
import { createRepeatLog } from "../../src/lib/repeat-log.ts";

it("logs a trouble at once and then once a minute, with how often it came", () => {
  const lines: unknown[] = [];
  let now = 0;
  const log = { warn: (details: object, message: string) => void lines.push([message, details]) };
  const warn = createRepeatLog(log, () => now);
  for (now = 0; now < 120_000; now += 1000) warn("away", { kind: "db" });
  warn("another", {});
  expect(lines).toEqual([
    ["away", { kind: "db" }],
    ["away", { kind: "db", left_out: 59 }],
    ["another", {}],
  ]);
});
