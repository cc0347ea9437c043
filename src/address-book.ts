import { readFile } from "node:fs/promises";
import { createClientAddress } from "./lib/client-address.ts";
import { AppError } from "./lib/errors.ts";
import type { RequestHead } from "./lib/front.ts";
import { truncateIp } from "./lib/ip.ts";
import { createRecentCache } from "./lib/recent-cache.ts";
import type { Common } from "./parts.ts";
import type { Visitor } from "./tracking/hit.ts";
import { type ClassifyNetwork, createNetworks } from "./traffic/networks.ts";

/** Addresses whose stored form is remembered; only in memory. */
const REMEMBERED = 10_000;

/** What the doors ask of a request's address. Full addresses live only as long as this takes. */
export async function createAddressBook({ config, storage }: Common) {
  const addressOf = createClientAddress(config.TRUST_PROXY);
  const networkOf = await readNetworks(config.NETWORKS_FILE);
  const salt = storage.keyring.keysFor("address").current.bytes;
  const storableIp = (ip: string) => truncateIp(ip, config.IP_MODE, salt);
  const visitors = createRecentCache<Pick<Visitor, "ip" | "network">>(REMEMBERED);
  const describeAddress = (ip: string) => {
    const known = visitors.get(ip);
    if (known) return known;
    const described = { ip: storableIp(ip), network: networkOf(ip) };
    visitors.set(ip, described);
    return described;
  };
  return {
    clientIp: (req: RequestHead) => addressOf(req).ip,
    isSecure: (req: RequestHead) => addressOf(req).tls,
    storableIp,
    networkOf,
    describeVisitor(req: RequestHead) {
      const { ip, tls } = addressOf(req);
      return { ...describeAddress(ip), tls };
    },
  };
}

async function readNetworks(file: string | undefined): Promise<ClassifyNetwork> {
  if (file === undefined) return () => undefined;
  try {
    return createNetworks(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("invalid_config", 500, `NETWORKS_FILE ${file} cannot be read as JSON.`, {
      cause: error,
    });
  }
}
