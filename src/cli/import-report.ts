import type { Mapping } from "../collect/import/mapping.ts";
import type { EventRow } from "../log/event.ts";
import type { ImportState } from "./import-files.ts";

const EVERY_MS = 1000;
const BAR_WIDTH = 24;

/** Progress on standard error: a bar on a terminal, else a line a second. */
export function createProgress(bytes: number, quiet: boolean) {
  const startedAt = performance.now();
  let saidAt = startedAt;
  const say = (text: string) => {
    if (quiet) return;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
    else console.error(text);
  };
  return {
    note({ rows, refused }: ImportState, readBytes: number): void {
      const now = performance.now();
      if (now - saidAt < (process.stderr.isTTY ? EVERY_MS / 10 : EVERY_MS)) return;
      saidAt = now;
      const share = bytes === 0 ? "" : `${bar(Math.min(1, readBytes / bytes))} `;
      say(`${share}${count(rows)} rows, ${count(refused)} refused`);
    },
    end({ rows, added, repeated, withheld, refused }: ImportState): void {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      say(
        `${count(rows)} rows in ${seconds} s: ${count(added)} new, ${count(repeated)} there already, ${count(withheld)} withheld, ${count(refused)} refused.`,
      );
      if (process.stderr.isTTY && !quiet) process.stderr.write("\n");
    },
  };
}

function bar(share: number): string {
  const done = Math.round(share * BAR_WIDTH);
  return `[${"#".repeat(done)}${"-".repeat(BAR_WIDTH - done)}] ${Math.floor(share * 100)} %`;
}

function count(number: number): string {
  return number.toLocaleString("en");
}

/** Where each column goes, for a dry run. */
export function describeMapping(mapping: Mapping): string {
  const lines = [...mapping].map(([column, field]) => `  ${column} -> ${field ?? "(left out)"}`);
  return ["Columns:", ...lines].join("\n");
}

/** One row as the fact it would become. */
export function describeFact(line: number, fact: EventRow): string {
  const who = fact.user_id ?? fact.email_claim ?? fact.anonymous_id ?? "";
  const said = JSON.stringify(fact.properties);
  return `  line ${line}: ${new Date(fact.occurred_at).toISOString()} ${fact.name} ${who} ${said}`;
}

/** Lines that are shown of one problem: thousands of the same say no more. */
const LINES_OF_PROBLEM = 10;

/** Shows the problems of a dry run: the first lines of each as they come, then how many more there are. */
export function createProblems(say: (text: string) => void) {
  const counts = new Map<string, number>();
  return {
    note(line: number, problem: string): void {
      const before = counts.get(problem) ?? 0;
      counts.set(problem, before + 1);
      if (before < LINES_OF_PROBLEM) say(`  line ${line}: REFUSED ${problem}`);
    },
    /** @returns how many rows had one */
    end(): number {
      let rows = 0;
      for (const [problem, times] of counts) {
        rows += times;
        const more = times - LINES_OF_PROBLEM;
        if (more > 0) say(`  and ${count(more)} more: REFUSED ${problem}`);
      }
      return rows;
    },
  };
}
