import { createHmac } from "node:crypto";
import ipaddr from "ipaddr.js";

/** What is kept of an address (`IP_MODE`): its network, a keyed hash of it, all of it, or nothing. */
export type IpMode = "truncate" | "hash" | "full" | "none";

/** Bits that name a network: what one household, office or gateway usually answers from. */
const NETWORK_BITS = { ipv4: 24, ipv6: 48 } as const;

/** Characters of a hashed address: 96 bits of base64url. */
const HASH_LENGTH = 16;

/**
 * Cuts an address down to what may be stored.
 *
 * `truncate` keeps the /24 (IPv4) or /48 (IPv6) with the rest zero, `hash` gives 16 characters of
 * base64url (HMAC-SHA256 of the whole address). An IPv4 address in IPv6 clothes counts as IPv4.
 *
 * @param salt the key of `hash`; without one all of IPv4 could be tried out
 * @returns null for `none` and for what is no address
 */
export function truncateIp(
  ip: string | undefined,
  mode: IpMode,
  salt?: string | Buffer,
): string | null {
  const address = parseIp(ip);
  if (mode === "none" || !address) return null;
  if (mode === "full") return address.toString();
  if (mode === "truncate") return networkOf(address);
  if (salt === undefined) throw new Error("IP_MODE hash needs a salt.");
  const hash = createHmac("sha256", salt).update(address.toString()).digest("base64url");
  return hash.slice(0, HASH_LENGTH);
}

/**
 * The network a stored address belongs to: the /24 or /48 of an address, whole or already cut; a
 * hashed one can only be compared with itself and comes back as it is.
 */
export function networkPrefix(stored: string): string {
  const address = parseIp(stored);
  return address ? networkOf(address) : stored;
}

/** Reads an address, IPv4-mapped IPv6 as IPv4; undefined for anything else. */
export function parseIp(ip: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ip === undefined) return undefined;
  const isAddress = ip.includes(":")
    ? ipaddr.IPv6.isValid(ip)
    : ipaddr.IPv4.isValidFourPartDecimal(ip);
  return isAddress ? ipaddr.process(ip) : undefined;
}

function networkOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  const bits = NETWORK_BITS[address.kind()];
  const bytes = address.toByteArray().map((byte, index) => (index < bits / 8 ? byte : 0));
  return ipaddr.fromByteArray(bytes).toString();
}
