import type { Db } from "../../db/db.ts";
import { AppError } from "../../lib/errors.ts";
import { cleanEmail, cleanUserId } from "../../lib/junk-ids.ts";
import type { Refs } from "../../lib/refs.ts";
import {
  CHANNELS,
  type Consent,
  type ConsentChanges,
  type Mode,
  SILENT_CONSENT,
} from "./consent.ts";
import type { Consents } from "./consents.ts";
import type { Ledger } from "./ledger.ts";
import { type ConsentChange, createConsentStore } from "./store-consent.ts";
import { findErasureOf, readmit } from "./store-ledger.ts";
import { findSubject, refsOfId } from "./store-subject.ts";

interface ConsentDeps {
  readonly db: Db;
  readonly refsOf: (workspaceId: number) => Refs;
  readonly consents: Pick<Consents, "refresh">;
  readonly ledger: Pick<Ledger, "refresh">;
  /** What the workspace says for contacts who have said nothing. */
  readonly opensOf: (workspaceId: number) => Mode;
  readonly now: () => number;
  readonly createId: () => string;
}

/** What a contact allows, and how that came about. Times are ISO 8601 UTC. */
interface ConsentAnswer {
  /** Our id of the contact. */
  readonly contact: string;
  readonly consent: Consent;
  /** Null while nothing was ever recorded: then `consent` is what holds for everybody. */
  readonly changed_at: string | null;
  /** Every change, oldest first. */
  readonly log: readonly ConsentLogEntry[];
}

interface ConsentLogEntry extends Consent {
  readonly at: string;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly source: string | null;
  readonly text_version: string | null;
}

/** Reads and changes what contacts allow. */
export interface ConsentKeeper {
  /** @throws {AppError} `not_found` (404) for somebody who is not known and never said anything */
  read(workspaceId: number, id: string): Promise<ConsentAnswer>;
  /**
   * Records a change; this node obeys it from the moment it resolves, others within a second. Also for somebody
   * who is not known yet: lists of opt-outs come before the first mail. Allowing something again lets an erased
   * contact be known anew, from now on.
   */
  change(
    workspaceId: number,
    id: string,
    changes: ConsentChanges,
    actor: ConsentChange["actor"],
  ): Promise<ConsentAnswer>;
}

export function createConsentKeeper(deps: ConsentDeps): ConsentKeeper {
  const { db, refsOf, consents, ledger, opensOf, now, createId } = deps;
  const silent = (workspaceId: number): Consent => ({
    ...SILENT_CONSENT,
    opens: opensOf(workspaceId),
  });
  const store = createConsentStore(db);

  async function findRefs(workspaceId: number, id: string): Promise<readonly string[]> {
    const subject = await findSubject(db, refsOf(workspaceId), workspaceId, id);
    return subject?.refs ?? [];
  }

  async function answer(workspaceId: number, refs: readonly string[]): Promise<ConsentAnswer> {
    const [consent, log] = await Promise.all([
      store.current(workspaceId, refs),
      store.log(workspaceId, refs),
    ]);
    const last = log.at(-1);
    return {
      contact: refs[0] ?? "",
      consent: consent ?? silent(workspaceId),
      changed_at: last ? new Date(last.at).toISOString() : null,
      log: log.map(toEntry),
    };
  }

  return {
    async read(workspaceId, id) {
      const refs = await findRefs(workspaceId, id);
      if (refs.length > 0) return answer(workspaceId, refs);
      const unseen = await answer(workspaceId, refsOfId(refsOf(workspaceId), id));
      if (unseen.changed_at === null) throw unknownContact();
      return { ...unseen, contact: newRef(refsOf(workspaceId), id) };
    },
    async change(workspaceId, id, { source = null, text_version = null, ...given }, actor) {
      const known = await findRefs(workspaceId, id);
      const refs = known.length > 0 ? known : [newRef(refsOf(workspaceId), id)];
      const consent = {
        ...((await store.current(workspaceId, refs)) ?? silent(workspaceId)),
        ...given,
      };
      const change = {
        id: createId(),
        at: now(),
        actor,
        consent,
        source,
        textVersion: text_version,
      };
      if (CHANNELS.some((channel) => given[channel] === "individual")) {
        await letBackIn(workspaceId, refs);
      }
      await store.set(workspaceId, refs, change);
      await consents.refresh();
      return answer(workspaceId, refs);
    },
  };

  async function letBackIn(workspaceId: number, refs: readonly string[]): Promise<void> {
    const hashes = refs.map((ref) => refsOf(workspaceId).erased("contact", ref));
    const key = await findErasureOf(db, workspaceId, hashes);
    if (!key || key.readmitted_at !== null) return;
    await readmit(db, workspaceId, key.erasure_id, now());
    await ledger.refresh();
  }
}

/** The reference that the first fact of an unknown contact will carry. */
function newRef(refs: Refs, id: string): string {
  const email = cleanEmail(id);
  const userId = cleanUserId(id);
  const ref = email === null ? userId && refs.contact({ id: userId }) : refs.contact({ email });
  if (ref) return ref;
  throw new AppError("invalid_query", 422, `"${id}" is no id that a contact can have.`, {
    hint: "Give our contact id, or your own user id or email, URL-encoded.",
  });
}

function toEntry({ at, actor, consent, source, textVersion }: ConsentChange): ConsentLogEntry {
  return { at: new Date(at).toISOString(), actor, ...consent, source, text_version: textVersion };
}

function unknownContact(): AppError {
  return new AppError("not_found", 404, "There is no such contact.", {
    hint: "Give our contact id, or your own user id or email, URL-encoded.",
  });
}
