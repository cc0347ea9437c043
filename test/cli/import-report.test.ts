import { expect, it } from "vitest";
import { createProblems } from "../../src/cli/import-report.ts";

it("shows the first lines of each problem, and how many more there are", () => {
  const said: string[] = [];
  const problems = createProblems((text) => said.push(text));
  for (let line = 2; line < 1202; line += 1) problems.note(line, "The row has no time.");
  problems.note(1202, "The row has no name.");
  expect(problems.end()).toBe(1201);
  expect(said).toHaveLength(12);
  expect(said[0]).toBe("  line 2: REFUSED The row has no time.");
  expect(said.slice(-2)).toEqual([
    "  line 1202: REFUSED The row has no name.",
    "  and 1,190 more: REFUSED The row has no time.",
  ]);
});
