import { z } from "zod";
import { byTime } from "../../src/contacts/fact.ts";
import { groupBy } from "../../src/contacts/group-by.ts";
import { assignSessions } from "../../src/contacts/sessions.ts";
import type { Engine } from "../../src/db/db.ts";
import {
  type CaseFailure,
  type CaseItem,
  type CaseReport,
  caseItem,
  readCases,
  reportCases,
  toFact,
  workspaceOf,
} from "./case-file.ts";
import { shuffled } from "./shuffle.ts";
import { answerStored } from "./stored-answers.ts";

const sessionCase = z.object({
  id: z.string(),
  items: z.array(caseItem),
  expect: z.record(z.string(), z.string().nullable()),
  debatable: z.unknown().optional(),
});

type SessionCase = z.infer<typeof sessionCase>;
type Answers = Map<string, string | null>;

/** Runs session cases under many arrival orders, through the pure functions or an engine. */
export async function runSessionCases(
  file: string,
  { shuffles = 200, engine }: { shuffles?: number; engine?: Engine } = {},
): Promise<CaseReport> {
  return reportCases(readCases(file, sessionCase), shuffles, {
    async answer(trials) {
      if (engine === undefined) {
        return trials.map(({ given, seed }) => answer(shuffled(given.items, seed + 1)));
      }
      return (await answerStored(engine, trials)).map(({ sessions }) => sessions);
    },
    compare,
  });
}

function compare(one: SessionCase, answers: Answers): CaseFailure | undefined {
  const found = Object.fromEntries(
    Object.keys(one.expect).map((id) => [id, answers.get(id) ?? null]),
  );
  const isRight = Object.entries(one.expect).every(([id, session]) => found[id] === session);
  return isRight ? undefined : { id: one.id, expected: one.expect, found };
}

function answer(items: readonly CaseItem[]): Answers {
  const answers: Answers = new Map();
  for (const [, own] of groupBy(items, (item) =>
    JSON.stringify([workspaceOf(item), item.v ?? null]),
  )) {
    const visitor = own[0]?.v;
    if (!visitor) continue;
    const facts = own.map(toFact).toSorted(byTime);
    const sessions = assignSessions(facts);
    facts.forEach(({ id }, i) => {
      const session = sessions[i] ?? null;
      answers.set(id, session === null ? null : `${visitor}#${session}`);
    });
  }
  return answers;
}
