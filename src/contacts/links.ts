import { byTime, type Flag } from "./fact.ts";

/**
 * A fact that names contacts, from any source. `named`: somebody with this user id and/or email
 * exists. `known`: the token of a mail names this contact. `merge` and `suggest`: `previousRef` is
 * `userRef` (or `emailRef`), by an alias of a secret or of a public key. `accept`, `reject`, `undo`:
 * what a person decided about the contacts of `previousRef` and `userRef`.
 *
 * A repetition changes nothing, so only the earliest of equal facts is needed; of decisions the latest.
 */
export interface LinkFact {
  readonly id: string;
  readonly at: number;
  readonly kind: "named" | "known" | "merge" | "suggest" | Decision;
  readonly userRef: string | null;
  readonly emailRef: string | null;
  readonly previousRef: string | null;
}

/** Two contacts are one person, they are not, or nothing is decided any more. */
export type Decision = "accept" | "reject" | "undo";

const DECISIONS: ReadonlySet<string> = new Set<Decision>(["accept", "reject", "undo"]);

/** The `source_id` of decisions in the log: no key has it. */
export const REVIEW_SOURCE = "review";

/** Whether an untyped value names a decision. */
export function isDecisionName(value: unknown): value is Decision {
  return typeof value === "string" && DECISIONS.has(value);
}

/** Of two equal facts the one that is needed. */
export function pickFact(a: LinkFact, b: LinkFact): LinkFact {
  const isLater = byTime(a, b) > 0;
  return isLater === isDecision(a) ? a : b;
}

/** Whether a fact is what a person decided. */
export function isDecision({ kind }: LinkFact): boolean {
  return DECISIONS.has(kind);
}

/** A contact: the ref that founded it, which names it from then on, and all its refs in order. */
export interface LinkedContact {
  readonly founder: string;
  readonly foundedAt: number;
  readonly refs: readonly string[];
  /** The refs of contacts that were merged into it. */
  readonly mergedRefs: readonly string[];
}

export interface LinkedContacts {
  /** Ref to the founder of the contact it names. */
  readonly founderOf: ReadonlyMap<string, string>;
  readonly contacts: readonly LinkedContact[];
  readonly flags: readonly Flag[];
}

interface Building {
  readonly founder: string;
  readonly foundedAt: number;
  readonly refs: string[];
  hasUser: boolean;
}

/**
 * Links user ids and emails to contacts, in event-time order.
 *
 * The first fact that names a ref founds its contact. A user id joins a contact known only by email;
 * an email joins the contact of the user id beside it; where both are somebody else's already the
 * user id wins, nothing moves and the conflict is flagged. Merges redirect; a decision is undone by a
 * later one about the same two.
 *
 * @param facts closed under shared refs: every fact that names a ref of one of them is among them
 */
export function linkContacts(facts: readonly LinkFact[]): LinkedContacts {
  const inOrder = facts.toSorted(byTime);
  const emailRefs = new Set(inOrder.flatMap((fact) => fact.emailRef ?? []));
  const byRef = new Map<string, Building>();
  const flags: Flag[] = [];
  for (const fact of inOrder) {
    if (!isDecision(fact)) flags.push(...nameContact(fact, byRef, emailRefs));
  }
  const { resolve, suggested } = mergeContacts(inOrder, byRef);
  for (const [from, to] of suggested) {
    if (resolve(from) === resolve(to)) continue;
    flags.push({
      kind: "merge_suggested",
      about: [resolve(from).founder, resolve(to).founder],
    });
  }
  return { ...collect(byRef, resolve), flags };
}

function nameContact(
  fact: LinkFact,
  byRef: Map<string, Building>,
  emailRefs: ReadonlySet<string>,
): Flag[] {
  const ofEmail = fact.emailRef === null ? undefined : byRef.get(fact.emailRef);
  if (fact.userRef === null) {
    if (fact.emailRef !== null && !ofEmail) found(fact.emailRef, fact.at, false, byRef);
    return [];
  }
  // A token's bare ref may turn out to be an address: then no user id is taken yet.
  const isUser = fact.kind !== "known" || !emailRefs.has(fact.userRef);
  const ofUser = byRef.get(fact.userRef) ?? nameUser(fact.userRef, fact.at, isUser, byRef, ofEmail);
  if (ofEmail && ofEmail !== ofUser) {
    return [{ kind: "email_conflict", about: [ofEmail.founder] }];
  }
  if (fact.emailRef !== null && !ofEmail) join(ofUser, fact.emailRef, false, byRef);
  return [];
}

/** A new user id joins the contact of its email, unless that one has a user id already. */
function nameUser(
  ref: string,
  at: number,
  isUser: boolean,
  byRef: Map<string, Building>,
  ofEmail: Building | undefined,
): Building {
  if (!ofEmail || ofEmail.hasUser) return found(ref, at, isUser, byRef);
  join(ofEmail, ref, isUser, byRef);
  return ofEmail;
}

function found(
  ref: string,
  foundedAt: number,
  hasUser: boolean,
  byRef: Map<string, Building>,
): Building {
  const building: Building = { founder: ref, foundedAt, refs: [ref], hasUser };
  byRef.set(ref, building);
  return building;
}

function join(to: Building, ref: string, isUser: boolean, byRef: Map<string, Building>): void {
  to.refs.push(ref);
  to.hasUser ||= isUser;
  byRef.set(ref, to);
}

interface Merges {
  /** Whose contact one has become. */
  readonly resolve: (from: Building) => Building;
  readonly suggested: readonly [Building, Building][];
}

/** Follows aliases and decisions in event-time order: each redirects what has become of the one to the other. */
function mergeContacts(inOrder: readonly LinkFact[], byRef: ReadonlyMap<string, Building>): Merges {
  const redirects = new Map<Building, Building>();
  const resolve = (from: Building): Building => {
    const to = redirects.get(from);
    return to ? resolve(to) : from;
  };
  const decided = lastDecisions(inOrder, byRef);
  const suggested: [Building, Building][] = [];
  for (const fact of inOrder) {
    const pair = aliasedPair(fact, byRef);
    if (!pair || (isDecision(fact) && !decided.has(fact))) continue;
    const [from, to] = [resolve(pair[0]), resolve(pair[1])];
    if (from === to) continue;
    if (fact.kind === "merge" || fact.kind === "accept") redirects.set(from, to);
    else if (fact.kind === "suggest") suggested.push([from, to]);
  }
  return { resolve, suggested };
}

/** The latest decision about each two contacts. */
function lastDecisions(
  inOrder: readonly LinkFact[],
  byRef: ReadonlyMap<string, Building>,
): ReadonlySet<LinkFact> {
  const last = new Map<string, LinkFact>();
  for (const fact of inOrder.filter(isDecision)) {
    const pair = aliasedPair(fact, byRef)?.map(({ founder }) => founder);
    if (pair) last.set(JSON.stringify(pair.toSorted()), fact);
  }
  return new Set(last.values());
}

/** The two contacts of an alias or decision; undefined where the previous id is nobody's (a visitor's, then). */
function aliasedPair(
  fact: LinkFact,
  byRef: ReadonlyMap<string, Building>,
): [Building, Building] | undefined {
  if (fact.kind === "named" || fact.kind === "known") return undefined;
  const from = byRef.get(fact.previousRef ?? "");
  const to = byRef.get(fact.userRef ?? fact.emailRef ?? "");
  return from && to ? [from, to] : undefined;
}

function collect(
  byRef: ReadonlyMap<string, Building>,
  resolve: (from: Building) => Building,
): Pick<LinkedContacts, "founderOf" | "contacts"> {
  const all = [...new Set(byRef.values())];
  return {
    founderOf: new Map([...byRef].map(([ref, own]) => [ref, resolve(own).founder])),
    contacts: all
      .filter((own) => resolve(own) === own)
      .map((own) => ({
        founder: own.founder,
        foundedAt: own.foundedAt,
        refs: own.refs,
        mergedRefs: all.flatMap((other) =>
          other !== own && resolve(other) === own ? other.refs : [],
        ),
      })),
  };
}
