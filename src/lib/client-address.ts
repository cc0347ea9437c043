import ipaddr from "ipaddr.js";
import type { RequestHead } from "./front.ts";
import { createRecentCache } from "./recent-cache.ts";

/** Where a request came from, as far as trusted proxies tell. */
export interface ClientAddress {
  /** The address in its shortest form; IPv4-mapped IPv6 as IPv4. Empty when the socket is gone. */
  readonly ip: string;
  /** Whether the client spoke TLS, to us or to a trusted proxy. */
  readonly tls: boolean;
}

/** Addresses whose short form is remembered: reading one costs more than verifying a link. */
const REMEMBERED = 10_000;

type IsTrusted = (ip: string, hop: number) => boolean;

/**
 * Makes the function that judges a request's address.
 *
 * Without trust the peer's address counts and forwarded headers are ignored: anyone can send them.
 *
 * @param trust `TRUST_PROXY`: how many proxies stand in front, or their addresses and CIDRs
 */
export function createClientAddress(trust: string): (req: RequestHead) => ClientAddress {
  const isTrusted = parseTrust(trust);
  const plainAddress = createPlainAddress();
  return (req) => {
    const peer = plainAddress(req.socket.remoteAddress ?? "");
    const encrypted = "encrypted" in req.socket && req.socket.encrypted === true;
    if (!isTrusted(peer, 0)) return { ip: peer, tls: encrypted };
    const proto = lastOf(req.headers["x-forwarded-proto"]);
    return { ip: clientBehind(peer, req, isTrusted), tls: encrypted || proto === "https" };
  };
}

/** Walks X-Forwarded-For from the near end: the first address that no trusted proxy added is the client. */
function clientBehind(peer: string, req: RequestHead, isTrusted: IsTrusted): string {
  const forwarded = listOf(req.headers["x-forwarded-for"]).map(toPlain).reverse();
  let client = peer;
  for (const [index, address] of forwarded.entries()) {
    if (!isTrusted(client, index) || !ipaddr.isValid(address)) break;
    client = address;
  }
  return client;
}

function parseTrust(trust: string): IsTrusted {
  if (/^\d+$/.test(trust)) {
    const hops = Number(trust);
    return (_ip, hop) => hop < hops;
  }
  const ranges = trust
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)
    .map(parseRange);
  return (ip) => ipaddr.isValid(ip) && ranges.some((range) => contains(range, ipaddr.parse(ip)));
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

function parseRange(text: string): Range {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function contains([network, bits]: Range, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

function createPlainAddress(): (address: string) => string {
  const known = createRecentCache<string>(REMEMBERED);
  return (address) => {
    const remembered = known.get(address);
    if (remembered !== undefined) return remembered;
    const plain = toPlain(address);
    known.set(address, plain);
    return plain;
  };
}

function toPlain(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}

function listOf(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(",") : (header ?? "");
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

function lastOf(header: string | string[] | undefined): string | undefined {
  return listOf(header).at(-1);
}
