import ipaddr from "ipaddr.js";
import { errorCode, errorMessage } from "../lib/errors.ts";
import type { DomainProblem } from "./store-domains.ts";

/** What a check asks of the network. */
export interface DomainNetwork {
  /** CNAME targets; rejects with the codes of `node:dns`. */
  resolveCname(host: string): Promise<string[]>;
  /** IPv4 addresses, aliases followed. */
  resolve4(host: string): Promise<string[]>;
  resolve6(host: string): Promise<string[]>;
  /**
   * The body of `https://<host>/.well-known/clicktrail`, asked at exactly this address; rejects when the
   * certificate does not fit the host, the connection fails or the answer is no 200.
   */
  fetchProof(host: string, address: string): Promise<string>;
}

interface CheckInput {
  readonly host: string;
  /** The host of BASE_URL, which the new one should point to. */
  readonly target: string;
  /** What our own proof path answers on every node. */
  readonly proof: string;
}

/**
 * Checks that a host reaches this installation over HTTPS. What DNS says explains a failure; only our own
 * answer proves it, so a host behind a CDN passes too.
 *
 * @returns what is wrong, or null
 */
export async function checkDomain(
  { host, target, proof }: CheckInput,
  network: DomainNetwork,
): Promise<DomainProblem | null> {
  const own = await resolveHost(target, network).catch(() => NOWHERE);
  let found: Resolved;
  try {
    found = await resolveHost(host, network);
  } catch (error) {
    const why = errorCode(error) ?? errorMessage(error);
    return problem("dns_failed", `DNS did not answer for ${host} (${why}). Check it again later.`);
  }
  const advice = `Add a record of type ${recordTypeOf(target)} for ${host} that points to ${target}.`;
  if (found.addresses.length === 0) {
    return problem("dns_missing", `${host} has no address yet. ${advice}`);
  }
  const address = found.addresses.find((one) => isPublic(one) || own.addresses.includes(one));
  if (address === undefined) {
    return problem("dns_private", `${host} points into a private network. ${advice}`);
  }
  const answer = await askForProof(host, address, network);
  if (answer.body === proof) return null;
  if (!pointsTo(found, target, own)) {
    const where = found.cname[0] ?? found.addresses[0];
    return problem("dns_elsewhere", `${host} points to ${where}, not to ${target}. ${advice}`);
  }
  if (answer.body !== undefined) {
    return problem(
      "wrong_answer",
      `https://${host} is answered by somebody else than this service.`,
    );
  }
  return problem(
    "https_failed",
    `https://${host} cannot be reached (${answer.error}). Give it a certificate and send it here.`,
  );
}

/** The DNS record by which a host is made to point to the target. */
export function recordTypeOf(target: string): "CNAME" | "A" | "AAAA" {
  if (!ipaddr.isValid(target)) return "CNAME";
  return ipaddr.parse(target).kind() === "ipv4" ? "A" : "AAAA";
}

interface Resolved {
  readonly cname: readonly string[];
  readonly addresses: readonly string[];
}

const NOWHERE: Resolved = { cname: [], addresses: [] };
const NO_RECORD = new Set(["ENOTFOUND", "ENODATA"]);

async function resolveHost(host: string, network: DomainNetwork): Promise<Resolved> {
  if (ipaddr.isValid(host)) return { cname: [], addresses: [host] };
  const [cname, four, six] = await Promise.all([
    orNone(network.resolveCname(host)),
    orNone(network.resolve4(host)),
    orNone(network.resolve6(host)),
  ]);
  return { cname: cname.map(plainName), addresses: [...four, ...six] };
}

async function orNone(lookup: Promise<string[]>): Promise<string[]> {
  return lookup.catch((error: unknown) => {
    if (NO_RECORD.has(errorCode(error) ?? "")) return [];
    throw error;
  });
}

async function askForProof(
  host: string,
  address: string,
  network: DomainNetwork,
): Promise<{ body?: string; error?: string }> {
  try {
    return { body: await network.fetchProof(host, address) };
  } catch (error) {
    return { error: errorCode(error) ?? errorMessage(error) };
  }
}

function pointsTo(found: Resolved, target: string, own: Resolved): boolean {
  return (
    found.cname.includes(plainName(target)) ||
    found.addresses.some((address) => own.addresses.includes(address))
  );
}

/** Whether the internet can reach it: the service must not be led to ask its own neighbours. */
function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function problem(code: DomainProblem["code"], message: string): DomainProblem {
  return { code, message };
}
