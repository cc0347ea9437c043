import fc from "fast-check";
import type { Hit } from "../../src/traffic/define.ts";
import { ORDINARY_CLICK } from "./traffic-hits.ts";

const USER_AGENTS = [
  ORDINARY_CLICK.userAgent ?? "",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0",
  "",
  "curl/8.5.0",
];

/** A hit of few mails, contacts, links and addresses in half a minute: neighbours are the rule. */
export const arbitraryHit: fc.Arbitrary<Omit<Hit, "id">> = fc.record({
  kind: fc.constantFrom("click" as const, "click" as const, "open" as const),
  at: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 30_000 })),
  method: fc.constantFrom("GET", "GET", "GET", "HEAD"),
  message: fc.constantFrom("m1", "m2"),
  contact: fc.constantFrom("c1", "c2", "c3", "c4", "c5", "c6", null),
  link: fc.constantFrom("0", "1", "2", "3", "4", "5"),
  address: fc.constantFrom("192.0.2.10", "192.0.2.77", "198.51.100.20", null),
  network: fc.constantFrom(null, "hosting", "scanner_probable", "residential"),
  userAgent: fc.constantFrom(...USER_AGENTS),
  headers: fc.constantFrom(ORDINARY_CLICK.headers, {}, { "sec-purpose": "prefetch" }),
  tls: fc.constant(true),
  engaged: fc.constant(false),
  returning: fc.constantFrom(false, false, true),
});

/** Several of them, each with an id. */
export const arbitraryHits: fc.Arbitrary<Hit[]> = fc
  .array(arbitraryHit, { minLength: 1, maxLength: 14 })
  .map((hits) => hits.map((hit, index) => ({ ...hit, id: `h${index}` })));
