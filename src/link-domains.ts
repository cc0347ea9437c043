import type { Access } from "./access/access.ts";
import type { Clock } from "./lib/clock.ts";
import type { Storage } from "./storage.ts";
import { createDomains, type Domains } from "./tracking/domains.ts";
import { createDomainNetwork } from "./tracking/well-known-probe.ts";

interface LinkDomainsDeps {
  readonly now: Clock;
  readonly storage: Storage;
  readonly baseUrl: string;
  readonly access: Pick<Access, "recordAudit">;
  /** Told of each failed refresh. */
  readonly onError: (error: unknown) => void;
}

/** The tracking domains, over the real network: what links may stand on. */
export function createLinkDomains(deps: LinkDomainsDeps): Domains {
  const { now, storage, baseUrl, access, onError } = deps;
  return createDomains({
    db: storage.db,
    now,
    baseUrl,
    proof: proofOf(storage),
    network: createDomainNetwork(),
    recordAudit: access.recordAudit,
    onError,
  });
}

/** What the proof path answers: the same on every node of an installation, and on no other. */
export function proofOf({ keyring }: Storage): string {
  const { current } = keyring.keysFor("domain");
  return current.hmac(Buffer.from("this installation")).toString("base64url");
}
