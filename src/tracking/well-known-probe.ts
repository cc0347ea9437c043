import { Resolver } from "node:dns/promises";
import { request } from "node:https";
import { isIPv6 } from "node:net";
import type { DomainNetwork } from "./check-domain.ts";

/** Where every node of an installation answers with the same proof. */
export const PROOF_PATH = "/.well-known/clicktrail";

const TIMEOUT_MS = 5000;
/** Our own answer is 43 bytes; nobody else's is of interest. */
const MOST_BYTES = 1000;

interface NetworkOptions {
  /** 443 unless a test listens elsewhere. */
  readonly port?: number;
  /** Certificates to trust beside the well-known ones, as PEM. */
  readonly ca?: string;
}

/** The real network: DNS by the machine's resolvers, HTTPS with a valid certificate and no redirect. */
export function createDomainNetwork(options: NetworkOptions = {}): DomainNetwork {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  return {
    resolveCname: (host) => resolver.resolveCname(host),
    resolve4: (host) => resolver.resolve4(host),
    resolve6: (host) => resolver.resolve6(host),
    fetchProof: (host, address) => fetchProof(host, address, options),
  };
}

/** Connects to the address that was judged, whatever a second look-up would say (DNS rebinding). */
function fetchProof(host: string, address: string, options: NetworkOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host,
        path: PROOF_PATH,
        agent: false,
        ...options,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        lookup: (_host, wanted, done) => {
          const family = isIPv6(address) ? 6 : 4;
          if (wanted.all) done(null, [{ address, family }]);
          else done(null, address, family);
        },
      },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          body += chunk;
          if (body.length > MOST_BYTES) asked.destroy(new Error("a long answer"));
        });
        answer.on("error", reject);
        answer.on("end", () => {
          if (answer.statusCode === 200) resolve(body);
          else reject(new Error(`status ${answer.statusCode}`));
        });
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}
