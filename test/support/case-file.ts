import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Flag, VisitorFact } from "../../src/contacts/fact.ts";
import { cleanEmail, cleanUserId } from "../../src/lib/junk-ids.ts";

/** A bad integration sends anything for an id; a door keeps it as text. */
const idText = z
  .unknown()
  .optional()
  .transform((id) => (id === undefined || id === null ? null : String(id)));

/** One event of a worked case of identity or sessions. */
export const caseItem = z.object({
  id: z.string(),
  at: z.string(),
  type: z.string(),
  src: z.string().default("browser"),
  v: z.string().nullish(),
  ws: z.string().nullish(),
  userId: idText,
  email: z.string().nullish(),
  previousId: idText,
  click: z.string().nullish(),
  utm: z.string().nullish(),
  net: z.string().nullish(),
  os: z.string().nullish(),
  auth: z.string().nullish(),
  sticky: z.boolean().nullish(),
  bot: z.boolean().nullish(),
  consent: z.union([z.boolean(), z.enum(["granted", "denied"])]).nullish(),
});

export type CaseItem = z.infer<typeof caseItem>;

/** What a runner reports of one case that did not come out as expected. */
export interface CaseFailure {
  readonly id: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** How a case file came out; `debatable` cases that differ are listed apart and never fail. */
export interface CaseReport {
  readonly passed: number;
  readonly failed: readonly CaseFailure[];
  readonly debatable: readonly CaseFailure[];
}

/** Reads a case file: `{cases: […]}`. */
export function readCases<T>(file: string, shape: z.ZodType<T>): T[] {
  return z.object({ cases: z.array(shape) }).parse(JSON.parse(readFileSync(file, "utf8"))).cases;
}

interface Case {
  readonly id: string;
  readonly debatable?: unknown;
}

/** Answers every case in its own order (seed 0) and in other ones, and compares with what it expects. */
export async function reportCases<C extends Case, A>(
  cases: readonly C[],
  shuffles: number,
  {
    answer,
    compare,
  }: {
    answer(
      trials: readonly { readonly given: C; readonly seed: number }[],
    ): Promise<readonly A[]> | readonly A[];
    compare(given: C, answer: A): CaseFailure | undefined;
  },
): Promise<CaseReport> {
  const trials = cases.flatMap((given) =>
    Array.from({ length: Math.max(1, shuffles) }, (_, seed) => ({ given, seed })),
  );
  const answers = await answer(trials);
  const failures = new Map<C, CaseFailure>();
  trials.forEach(({ given }, index) => {
    const own = answers[index];
    const failure = own === undefined ? undefined : compare(given, own);
    if (failure && !failures.has(given)) failures.set(given, failure);
  });
  const found = [...failures];
  return {
    passed: cases.length - found.length,
    failed: found.flatMap(([{ debatable }, failure]) => (debatable ? [] : [failure])),
    debatable: found.flatMap(([{ debatable }, failure]) => (debatable ? [failure] : [])),
  };
}

/** The workspace an item of a case is in. */
export function workspaceOf({ ws }: { ws?: string | null | undefined }): string {
  return ws ?? "";
}

interface Placed {
  readonly ws?: string | null | undefined;
}

/**
 * The workspace of a contact or click that names none: that of the items that name none, else, of
 * several, the one whose item comes first.
 */
export function homeOf({ ws }: Placed, items: readonly CaseItem[]): string {
  if (ws !== undefined && ws !== null) return ws;
  const names = new Set(items.map(workspaceOf));
  const [first] = items.toSorted((a, b) => (a.at + a.id < b.at + b.id ? -1 : 1));
  return names.has("") || names.size < 2 || !first ? "" : workspaceOf(first);
}

/** How the pure runners name a user id. */
export const userRef = (id: string | null | undefined): string | null => {
  const clean = cleanUserId(id);
  return clean === null ? null : `id:${clean}`;
};

/** How the pure runners name an address. */
export const emailRef = (email: string | null | undefined): string | null => {
  const clean = cleanEmail(email);
  return clean === null ? null : `email:${clean}`;
};

/** The fact of an item, for the pure functions. */
export function toFact(item: CaseItem): VisitorFact {
  return {
    id: item.id,
    at: Date.parse(item.at),
    kind: kindOf(item.type),
    channel: item.src === "browser" ? "browser" : "server",
    invalid: item.bot ?? false,
    consent: item.consent !== false && item.consent !== "denied",
    sticky: item.sticky ?? false,
    userRef: userRef(item.userId),
    emailRef: emailRef(item.email),
    previousRef: null,
    clickId: item.click ?? null,
    campaign: item.utm ?? null,
    net: item.net ?? null,
    os: item.os ?? null,
  };
}

function kindOf(type: string): VisitorFact["kind"] {
  if (type === "reset") return "reset";
  return type === "user_engagement" ? "engagement" : "event";
}

/** Spells a finding as the case files do. */
export function spellFlag({ kind, about }: Flag, label: (contact: string) => string): string {
  const [a = "", b = ""] = about;
  if (kind === "forwarded") return `forwarded:${label(a)}->${label(b)}`;
  if (kind === "merge_suggested") return `merge_suggested:${label(a)}~${label(b)}`;
  return kind === "email_conflict" ? `email_conflict:${label(a)}` : `${kind}:${a}`;
}
