import ipaddr from "ipaddr.js";
import { z } from "zod";
import { AppError } from "../lib/errors.ts";
import { parseIp } from "../lib/ip.ts";

/** Class of the network an address belongs to, or undefined where none is known. */
export type ClassifyNetwork = (ip: string | undefined) => string | undefined;

const networksFile = z.record(z.string(), z.string());

/** Networks of one prefix length: the masked address in hex to its class. */
interface Tier {
  readonly bits: number;
  readonly classes: Map<string, string>;
}

/**
 * Reads a networks file: a JSON object of CIDR to class, e.g. `{"198.51.100.0/25": "hosting"}`.
 *
 * The classes that signals know are `hosting`, `scanner_probable` and `scanner_certain`; any other
 * name is kept and judges nobody. The longest matching prefix wins. A look-up costs one map access
 * per prefix length in the file, however many ranges it holds.
 *
 * @param json the parsed file
 * @throws {AppError} `invalid_config` naming the first range that is none
 */
export function createNetworks(json: unknown): ClassifyNetwork {
  const parsed = networksFile.safeParse(json);
  if (!parsed.success) {
    throw new AppError(
      "invalid_config",
      500,
      "NETWORKS_FILE must be a JSON object of CIDR to class.",
    );
  }
  const tiers: Record<"ipv4" | "ipv6", Tier[]> = { ipv4: [], ipv6: [] };
  for (const [cidr, name] of Object.entries(parsed.data)) addRange(tiers, cidr, name);
  for (const list of Object.values(tiers)) list.sort((a, b) => b.bits - a.bits);

  return (ip) => {
    const address = parseIp(ip);
    if (!address) return undefined;
    const bytes = address.toByteArray();
    for (const { bits, classes } of tiers[address.kind()]) {
      const name = classes.get(maskedHex(bytes, bits));
      if (name !== undefined) return name;
    }
    return undefined;
  };
}

function addRange(tiers: Record<"ipv4" | "ipv6", Tier[]>, cidr: string, name: string): void {
  if (!ipaddr.isValidCIDR(cidr)) {
    throw new AppError("invalid_config", 500, `NETWORKS_FILE: "${cidr}" is no CIDR range.`);
  }
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const list = tiers[address.kind()];
  let tier = list.find((known) => known.bits === bits);
  if (!tier) {
    tier = { bits, classes: new Map() };
    list.push(tier);
  }
  tier.classes.set(maskedHex(address.toByteArray(), bits), name);
}

function maskedHex(bytes: readonly number[], bits: number): string {
  const masked = bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    return byte & (0xff << (8 - kept));
  });
  return Buffer.from(masked).toString("hex");
}
