import { describe, expect, it } from "vitest";
import { checkDomain, type DomainNetwork } from "../../src/tracking/check-domain.ts";

const HOST = "click.brand.test";
const TARGET = "click.service.test";
const PROOF = "proof-of-this-installation";
// Addresses for documentation count as reserved, so these are public ones; nobody asks them.
const ours = "8.8.8.8";
const cdn = "1.1.1.1";
const PRIVATE = "10.0.0.5";

interface World {
  readonly cname?: Record<string, string>;
  readonly a?: Record<string, string>;
  /** What an address answers for the host. */
  readonly https?: Record<string, string>;
  readonly dnsError?: string;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function createNetwork({ cname = {}, a = {}, https = {}, dnsError }: World) {
  const asked: string[] = [];
  const look = (records: Record<string, string>, host: string): string[] => {
    if (dnsError !== undefined && host === HOST) throw failure(dnsError);
    const found = records[host];
    if (found === undefined) throw failure("ENODATA");
    return [found];
  };
  const network: DomainNetwork = {
    resolveCname: async (host) => look(cname, host),
    resolve4: async (host) => look(a, host),
    resolve6: async (host) => look({}, host),
    async fetchProof(_host, address) {
      asked.push(address);
      const body = https[address];
      if (body === undefined) throw failure("ECONNREFUSED");
      return body;
    },
  };
  return { network, asked };
}

describe("the check of a tracking domain", () => {
  it.each<[string, World, string | null, RegExp]>([
    [
      "passes when it is an alias of the service and answers over HTTPS",
      {
        cname: { [HOST]: `${TARGET}.` },
        a: { [HOST]: ours, [TARGET]: ours },
        https: { [ours]: PROOF },
      },
      null,
      /./,
    ],
    [
      "passes with the service's address",
      { a: { [HOST]: ours, [TARGET]: ours }, https: { [ours]: PROOF } },
      null,
      /./,
    ],
    [
      "passes behind a CDN that sends it here",
      { a: { [HOST]: cdn, [TARGET]: ours }, https: { [cdn]: PROOF } },
      null,
      /./,
    ],
    [
      "passes inside a private network that the service is in itself",
      { a: { [HOST]: PRIVATE, [TARGET]: PRIVATE }, https: { [PRIVATE]: PROOF } },
      null,
      /./,
    ],
    [
      "asks for the record that is missing",
      { a: { [TARGET]: ours } },
      "dns_missing",
      /type CNAME for click\.brand\.test that points to click\.service\.test/,
    ],
    [
      "says where it points instead",
      {
        cname: { [HOST]: "old.esp.test" },
        a: { [HOST]: cdn, [TARGET]: ours },
        https: { [cdn]: "<html>" },
      },
      "dns_elsewhere",
      /points to old\.esp\.test, not to click\.service\.test/,
    ],
    [
      "says that HTTPS is missing",
      { a: { [HOST]: ours, [TARGET]: ours } },
      "https_failed",
      /cannot be reached \(ECONNREFUSED\)/,
    ],
    [
      "knows another server at the right address",
      { a: { [HOST]: ours, [TARGET]: ours }, https: { [ours]: "another-proof" } },
      "wrong_answer",
      /somebody else/,
    ],
    [
      "tells a failing resolver from a missing record",
      { dnsError: "ESERVFAIL" },
      "dns_failed",
      /ESERVFAIL/,
    ],
  ])("%s", async (_case, world, code, message) => {
    const { network } = createNetwork(world);
    const problem = await checkDomain({ host: HOST, target: TARGET, proof: PROOF }, network);
    expect(problem?.code ?? null).toBe(code);
    if (problem) expect(problem.message).toMatch(message);
  });

  it.each(["127.0.0.1", "169.254.169.254", PRIVATE, "100.64.0.1", "0.0.0.0"])(
    "never asks %s, into which a name can be made to point",
    async (address) => {
      const world = { a: { [HOST]: address, [TARGET]: ours }, https: { [address]: PROOF } };
      const { network, asked } = createNetwork(world);
      const problem = await checkDomain({ host: HOST, target: TARGET, proof: PROOF }, network);
      expect(problem?.code).toBe("dns_private");
      expect(asked).toEqual([]);
    },
  );

  it("takes an address in BASE_URL for what it is", async () => {
    const { network } = createNetwork({ a: { [HOST]: ours }, https: { [ours]: PROOF } });
    const problem = await checkDomain({ host: HOST, target: ours, proof: PROOF }, network);
    expect(problem).toBeNull();
  });
});
