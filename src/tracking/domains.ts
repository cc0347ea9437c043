import type { Db } from "../db/db.ts";
import type { Actor, RecordAudit } from "../lib/audit.ts";
import { AppError } from "../lib/errors.ts";
import { createSnapshot } from "../lib/snapshot.ts";
import { checkDomain, type DomainNetwork } from "./check-domain.ts";
import { createDomainStore, type Domain } from "./store-domains.ts";

export interface DomainsDeps {
  readonly db: Db;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** BASE_URL without a trailing slash. */
  readonly baseUrl: string;
  /** What our proof path answers; the same on every node. */
  readonly proof: string;
  readonly network: DomainNetwork;
  readonly recordAudit: RecordAudit;
  /** Told of each failed refresh; the old copy stays in use. */
  readonly onError: (error: unknown) => void;
}

/** The tracking domains of all workspaces. A change is in force on this node when it resolves. */
export interface Domains {
  /** Where the DNS record of a domain should point: the host of BASE_URL. */
  readonly target: string;
  list(workspaceId: number): Domain[];
  /** @throws {AppError} `not_found` (404) */
  get(workspaceId: number, host: string): Domain;
  /** Adds it and checks it at once. @throws {AppError} `invalid_body` (422) for what is no domain */
  add(workspaceId: number, given: string, actor: Actor): Promise<Domain>;
  check(workspaceId: number, host: string): Promise<Domain>;
  /** @throws {AppError} `domain_not_verified` (409) */
  setDefault(workspaceId: number, host: string, isDefault: boolean, actor: Actor): Promise<Domain>;
  remove(workspaceId: number, host: string, actor: Actor): Promise<void>;
  /**
   * The base URLs of a workspace: first the one that new links stand on, then all others that ever were.
   *
   * @param wanted a domain of its own, else its default
   * @throws {AppError} `domain_not_verified` (422)
   */
  basesOf(workspaceId: number, wanted?: string): readonly [string, ...string[]];
  /** Whether a host is the domain of another workspace: on the hot path, free while there are none. */
  isForeign(host: string | undefined, workspaceId: number): boolean;
  /** Whose verified domain it is. */
  workspaceOf(host: string): number | undefined;
  /** Reads them now. */
  refresh(): Promise<void>;
  start(): Promise<void>;
  stop(): void;
}

interface Loaded {
  readonly byWorkspace: ReadonlyMap<number, readonly Domain[]>;
  /** Verified hosts and whose they are. */
  readonly owners: ReadonlyMap<string, number>;
}

/** The store of domains with its copy in memory. */
export function createDomains(deps: DomainsDeps): Domains {
  const { now, network, proof, recordAudit, onError } = deps;
  const store = createDomainStore(deps.db);
  const base = new URL(deps.baseUrl);
  const target = base.hostname;
  const path = base.pathname.replace(/\/+$/, "");
  const snapshot = createSnapshot<Loaded>(
    { byWorkspace: new Map(), owners: new Map() },
    async () => index(await store.all()),
    onError,
  );

  const all = (workspaceId: number) => snapshot.current().byWorkspace.get(workspaceId) ?? [];
  const list = (workspaceId: number) => all(workspaceId).filter((one) => one.removedAt === null);

  function get(workspaceId: number, host: string): Domain {
    const found = list(workspaceId).find((one) => one.host === host.toLowerCase());
    if (found) return found;
    throw new AppError("not_found", 404, "There is no such domain in this workspace.", {
      hint: "Add it with POST /v1/domains.",
    });
  }

  async function check(workspaceId: number, host: string): Promise<Domain> {
    const known = get(workspaceId, host);
    const problem = await checkDomain({ host: known.host, target, proof }, network);
    const at = now();
    const verifiedAt = problem === null ? (known.verifiedAt ?? at) : known.verifiedAt;
    const checked = { ...known, checkedAt: at, verifiedAt, problem };
    if (!(await store.keepCheck(checked))) {
      const message = `${known.host} is the domain of another workspace here.`;
      await store.keepCheck({ ...checked, verifiedAt: null, problem: { code: "taken", message } });
    }
    await snapshot.refresh();
    return get(workspaceId, host);
  }

  return {
    target,
    list,
    get,
    check,
    async add(workspaceId, given, actor) {
      const host = parseDomain(given, target);
      if (!list(workspaceId).some((one) => one.host === host)) {
        await store.add(workspaceId, host, now());
        await recordAudit(workspaceId, actor, "domain.add", host, {});
        await snapshot.refresh();
      }
      return check(workspaceId, host);
    },
    async setDefault(workspaceId, host, isDefault, actor) {
      const known = get(workspaceId, host);
      if (isDefault && !isUsable(known)) throw notVerified(known.host, 409);
      if (isDefault !== known.isDefault) {
        await store.setDefault(workspaceId, isDefault ? known.host : null);
        await recordAudit(workspaceId, actor, "domain.change", known.host, { default: isDefault });
      }
      await snapshot.refresh();
      return get(workspaceId, host);
    },
    async remove(workspaceId, host, actor) {
      const known = get(workspaceId, host);
      await store.remove(workspaceId, known.host, now());
      await recordAudit(workspaceId, actor, "domain.remove", known.host, {});
      await snapshot.refresh();
    },
    basesOf(workspaceId, wanted) {
      const own = all(workspaceId);
      const chosen =
        wanted === undefined
          ? own.find((one) => one.isDefault && isUsable(one))
          : own.find((one) => one.host === wanted.toLowerCase() && isUsable(one));
      if (wanted !== undefined && !chosen && wanted.toLowerCase() !== target) {
        throw notVerified(wanted, 422);
      }
      const bases = own.map((one) => `https://${one.host}${path}`);
      const first = chosen ? `https://${chosen.host}${path}` : deps.baseUrl;
      return [first, deps.baseUrl, ...bases];
    },
    isForeign(host, workspaceId) {
      const { owners } = snapshot.current();
      if (owners.size === 0 || host === undefined) return false;
      const owner = owners.get(hostnameOf(host));
      return owner !== undefined && owner !== workspaceId;
    },
    workspaceOf: (host) => snapshot.current().owners.get(hostnameOf(host)),
    refresh: snapshot.refresh,
    start: snapshot.start,
    stop: snapshot.stop,
  };
}

/** Whether new links may stand on it: verified once, and fine at the last check. */
export function isUsable({ verifiedAt, problem, removedAt }: Domain): boolean {
  return verifiedAt !== null && problem === null && removedAt === null;
}

/** Of two workspaces that verified a host at the same moment, the first one has it. */
function index(domains: readonly Domain[]): Loaded {
  const byWorkspace = new Map<number, Domain[]>();
  const verified = new Map<string, Domain>();
  for (const domain of domains) {
    byWorkspace.set(domain.workspaceId, [...(byWorkspace.get(domain.workspaceId) ?? []), domain]);
    if (domain.verifiedAt === null || domain.removedAt !== null) continue;
    const other = verified.get(domain.host);
    if (!other || (other.verifiedAt ?? 0) > domain.verifiedAt) verified.set(domain.host, domain);
  }
  const owners = new Map([...verified].map(([host, { workspaceId }]) => [host, workspaceId]));
  return { byWorkspace, owners };
}

/** A `Host` header without its port, in lower case. */
function hostnameOf(host: string): string {
  const name = host.toLowerCase();
  const port = name.lastIndexOf(":");
  return port > 0 && /^:\d+$/.test(name.slice(port)) ? name.slice(0, port) : name;
}

function parseDomain(given: string, target: string): string {
  const text = given.trim().toLowerCase().replace(/\.$/, "");
  const host =
    /[/:@?#\s*\\]/.test(text) || !URL.canParse(`https://${text}/`)
      ? ""
      : new URL(`https://${text}/`).hostname;
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/.test(host)) {
    throw badDomain("Expected a domain of your own alone, such as click.brand.example.");
  }
  if (host === target)
    throw badDomain(`${host} is the address of this service; it needs no adding.`);
  return host;
}

function badDomain(message: string): AppError {
  return new AppError("invalid_body", 422, `The body is wrong at /host: ${message}`, {
    errors: [{ pointer: "/host", message }],
  });
}

function notVerified(host: string, status: 409 | 422): AppError {
  return new AppError(
    "domain_not_verified",
    status,
    `${host} is no verified domain of the workspace.`,
    {
      hint: "Add it with POST /v1/domains; `problem` says what is still missing.",
    },
  );
}
