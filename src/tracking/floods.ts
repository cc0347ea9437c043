import type { Kept, OpenedLink } from "./hit.ts";

type Done = (kept: Kept) => void;
type HitKind = "click" | "open";

interface FloodDeps {
  /** Hits of one token in a minute that are each kept whole; the surplus is only counted. */
  readonly limit?: number;
  /** How long surplus hits of a token are gathered into one count, in milliseconds. */
  readonly gatherMs?: number;
  /** Keeps a fact (an EventRow as JSON): calls back once it is durable, or after 50 ms or so. */
  record(json: string, done: Done): void;
  createId(now: number): string;
}

/** Tells the hits of a flood from the others, and counts them. */
export interface Floods {
  /** Whether this hit is one too many for its token; asked once for every hit, on the hot path. */
  isSurplus(kind: HitKind, link: OpenedLink, at: number): boolean;
  /** Counts a surplus hit: `done` is called once the count that holds it is kept. */
  count(kind: HitKind, link: OpenedLink, at: number, done: Done): void;
}

const LIMIT = 10_000;
const GATHER_MS = 50;
const MINUTE_MS = 60_000;

/** A power of two. Two tokens that share a place disturb each other's count by a few hits. */
const PLACES = 65_536;

/**
 * Makes the gate that floods go through: past 10,000 hits a minute on one token the surplus becomes
 * one fact of type `flood` per token and 50 ms, durable before its hits are answered like any click.
 *
 * The counters are a fixed table and not a map by token: a million tokens a minute take no more memory
 * than one (0.5 MB), and an ordinary hit costs one hash and one increment. Each place counts the token
 * that holds it up and all others down, so only a token that outnumbers its neighbours gets over the
 * limit (the majority vote of Boyer and Moore), and no other is mistaken for it.
 *
 * @see https://www.cs.utexas.edu/~moore/best-ideas/mjrty/
 */
export function createFloods(deps: FloodDeps): Floods {
  const { limit = LIMIT, gatherMs = GATHER_MS } = deps;
  const holders = new Uint32Array(PLACES);
  const counts = new Uint32Array(PLACES);
  // Nobody outside may choose two tokens that share a place.
  const seed = (Math.random() * 2 ** 32) >>> 0;
  let minute = 0;
  let gathered = new Map<number, Surplus>();

  function flush(): void {
    const surpluses = gathered;
    gathered = new Map();
    for (const surplus of surpluses.values()) {
      deps.record(writeFlood(surplus, deps.createId(surplus.until)), (kept) => {
        for (const done of surplus.waiting) done(kept);
      });
    }
  }

  return {
    isSurplus(kind, link, at) {
      if (Math.floor(at / MINUTE_MS) !== minute) {
        minute = Math.floor(at / MINUTE_MS);
        counts.fill(0);
      }
      const token = hashToken(kind, link, seed);
      const place = token & (PLACES - 1);
      const count = counts[place] ?? 0;
      if (count === 0) holders[place] = token;
      const isHolder = holders[place] === token;
      counts[place] = isHolder ? count + 1 : count - 1;
      return isHolder && count >= limit;
    },
    count(kind, link, at, done) {
      if (gathered.size === 0) setTimeout(flush, gatherMs);
      const token = hashToken(kind, link, seed);
      const surplus = gathered.get(token) ?? { kind, link, since: at, until: at, waiting: [] };
      surplus.until = at;
      surplus.waiting.push(done);
      gathered.set(token, surplus);
    },
  };
}

interface Surplus {
  readonly kind: HitKind;
  readonly link: OpenedLink;
  readonly since: number;
  until: number;
  readonly waiting: Done[];
}

/** FNV-1a over what the two parts of the token say: however it is spelled, it stays the same token. */
function hashToken(kind: HitKind, link: OpenedLink, seed: number): number {
  let hash = seed ^ link.index ^ (link.workspaceId << 12) ^ (kind === "open" ? 0x80000000 : 0);
  hash = hashText(hash, link.campaignId);
  if (link.contact !== null) hash = hashText(hash, link.contact);
  if (link.message !== null) hash = hashText(hash, link.message);
  // The last step of MurmurHash3: without it the low bits, which choose the place, are poorly mixed.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function hashText(start: number, text: string): number {
  let hash = start;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash;
}

function writeFlood(surplus: Surplus, id: string): string {
  const { kind, link, since, until, waiting } = surplus;
  const isNamed = link.consent?.mode !== "aggregate";
  return JSON.stringify({
    workspace_id: link.workspaceId,
    event_id: id,
    source_id: "flood",
    source: "email",
    type: "flood",
    name: "email_flood",
    occurred_at: since,
    received_at: until,
    campaign_id: link.campaignId,
    message_id: isNamed ? link.message : null,
    recipient_contact: isNamed ? link.contact : null,
    link_id: kind === "click" ? String(link.index) : null,
    context: "{}",
    properties: JSON.stringify({ hits: waiting.length, kind, since, until }),
  });
}
