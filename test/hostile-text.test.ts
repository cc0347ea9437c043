import { describe, expect, it } from "vitest";
import { readCookie } from "../src/access/cookies.ts";
import { safeNextPath } from "../src/access/same-origin.ts";
import { createClickParameter } from "../src/collect/click-parameter.ts";
import { findKeys } from "../src/collect/credentials.ts";
import { parseTime } from "../src/collect/time.ts";
import { explainUrl } from "../src/email/explain-url.ts";
import { formDestination } from "../src/email/rewrite/destination.ts";
import { createEligibility } from "../src/email/rewrite/eligibility.ts";
import { findMergeTags } from "../src/email/rewrite/merge-tags.ts";
import { rewriteOptionsSchema } from "../src/email/rewrite/options.ts";
import { fillSlots } from "../src/email/rewrite/slots.ts";
import { findUrls } from "../src/email/rewrite/text.ts";
import { createTokens } from "../src/email/tokens.ts";
import { addUtm, utmSlug } from "../src/email/utm.ts";
import { createClientAddress } from "../src/lib/client-address.ts";
import { toCsvLine } from "../src/lib/csv.ts";
import { cleanEmail, cleanUserId } from "../src/lib/junk-ids.ts";
import { createKeyring } from "../src/lib/keyring.ts";
import { toEventName } from "../src/log/event-name.ts";
import { holdsPii, urlHoldsPii } from "../src/log/quality-pii.ts";
import { createHostSet, parseHost } from "../src/site/hosts.ts";
import { takeFrom } from "../src/site/script/click-id.ts";
import { toPattern } from "../src/site/triggers/patterns.ts";
import { triggerSchema } from "../src/site/triggers/schema.ts";
import { findSelectorProblem } from "../src/site/triggers/selector.ts";
import { mendTrackingPath, parseTrackingPath } from "../src/tracking/tracking-path.ts";
import { readAgent } from "../src/traffic/user-agent.ts";

const LENGTH = 10_000;
/** Linear ones take 1 to 8 ms, the quadratic ones that were found took 57 to 650. */
const MOST_MS = 40;

/** What regular expressions stumble over when it comes again and again: their own separators and classes. */
const UNITS = [
  "a",
  "a!",
  " ",
  ".",
  "-",
  "_",
  "@",
  "a@",
  "=",
  "&a=",
  "jt=&",
  "%",
  "%41",
  "%29",
  "(",
  ")",
  "[",
  "<",
]
  .concat([
    "{{",
    "*",
    "a*",
    "|",
    "0",
    "9-",
    "123 ",
    "aA",
    "/",
    "../",
    ":",
    "::1,",
    ";",
    '"',
    "'",
    "\\",
    "#",
    "?",
  ])
  .concat(["a.", "//", "http://a ", "www.", "\t", "é", "${"]);
const ENDS = ["", "!", "@", "x"];

const tokens = createTokens({ keyring: createKeyring("a secret of the tests") });
const clickParameter = createClickParameter("jt");
const eligibility = createEligibility({
  options: rewriteOptionsSchema.parse({ exclude_domains: ["shop.test", "*.b.test"] }),
  trackingBases: ["https://t.example"],
  base: undefined,
});
const clientAddress = createClientAddress("1");
const patterns = ["*a*a*a*b", "a|b|*c*d*", `${"*".repeat(50)}x`, "*!*!*!", "a*".repeat(200)].map(
  (glob) => new RegExp(toPattern("matches", glob), "is"),
);
const judge = (url: string) => eligibility.judge(url, { optOut: false, unsubscribe: false });
const path = { kind: "click", link: "x", recipient: "x", query: "" } as const;

/** Everything that reads what a stranger wrote, as it is called on the way of a request. */
const READERS: readonly (readonly [name: string, read: (text: string) => unknown])[] = [
  ["a tracking path", (text) => parseTrackingPath(`/c/${text}`, "")],
  ["a link part to mend", (text) => mendTrackingPath({ ...path, link: text })],
  [
    "a recipient part to mend",
    (text) => mendTrackingPath({ ...path, recipient: text, query: text }),
  ],
  ["a tracking URL to explain", (text) => explainUrl(`https://t.example/c/${text}`, tokens)],
  ["slot values", (text) => fillSlots("https://a.test/{0}", `m0=${text}`)],
  ["a user agent", (text) => readAgent(`Mozilla/5.0 (${text}`)],
  ["a cookie", (text) => readCookie(text, "session")],
  ["a key", (text) => findKeys({ authorization: `Basic ${text}` }, text, text)],
  [
    "forwarded addresses",
    (text) => clientAddress(Object({ headers: { "x-forwarded-for": text }, socket: {} })),
  ],
  ["a page to go on to", safeNextPath],
  ["an event name", toEventName],
  ["a time", parseTime],
  ["a user id", cleanUserId],
  ["an email address", cleanEmail],
  ["personal data in a text", (text) => holdsPii(text)],
  ["personal data in a URL", urlHoldsPii],
  ["a click parameter", (text) => clickParameter.strip(`?${"jt=1&".repeat(1000)}${text}?jt=1`)],
  [
    "a click parameter in the browser",
    (text) => takeFrom(`https://a.test/?${"jt=1&".repeat(1000)}${text}`, "jt"),
  ],
  ["a host to register", parseHost],
  ["a wildcard host to register", (text) => parseHost(`*.${text}`)],
  ["a host to look up", (text) => createHostSet(["*.shop.test"]).has(text)],
  ["a link of a mail", judge],
  ["the path of a link", (text) => judge(`https://shop.test/${text}`)],
  ["the host of a link", (text) => judge(`https://${text}@b.test`)],
  ["a destination", (text) => formDestination(`https://a.test/${text}`)],
  ["a query to tag", (text) => addUtm(`https://a.test/?${text}`, { utm_source: "x" })],
  ["a UTM value", utmSlug],
  ["merge tags", findMergeTags],
  ["URLs of a plain text", (text) => findUrls(text)],
  ["a CSS selector", findSelectorProblem],
  ["a text that triggers match", (text) => patterns.map((pattern) => pattern.test(text))],
  ["a CSV cell", (text) => toCsvLine([text])],
];

describe("a hostile text of 10,000 characters costs no more than any other", () => {
  it.each(READERS)("as %s", (_name, read) => {
    const slow = UNITS.flatMap((unit) => ENDS.map((end) => repeat(unit) + end))
      .map((text) => ({ text: text.slice(0, 12) + text.slice(-3), ms: leastMs(() => read(text)) }))
      .filter(({ ms }) => ms > MOST_MS);
    expect(slow).toEqual([]);
  });

  it.each(UNITS)("as a pattern of a trigger made of %j", (unit) => {
    const value = repeat(unit);
    const trigger = {
      name: "x",
      event: "x",
      on: { type: "click" },
      conditions: [{ variable: "page_path", operator: "matches", value }],
    };
    const { error } = triggerSchema.safeParse(trigger);
    expect(error?.issues[0]?.path).toEqual(["conditions", 0, "value"]);
    // The longest that is taken, on the longest that it is tried on.
    const pattern = new RegExp(toPattern("matches", value.slice(0, 500)), "is");
    for (const text of [repeat(unit), repeat("a"), repeat("ab")]) {
      expect(leastMs(() => pattern.test(text.slice(0, 2000)))).toBeLessThan(MOST_MS);
    }
  });
});

function repeat(unit: string): string {
  return unit.repeat(Math.ceil(LENGTH / unit.length)).slice(0, LENGTH);
}

/** CPU time, the least of up to ten: other work of the process counts in as well, and of a busy machine. */
function leastMs(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 10 && least > MOST_MS; run += 1) {
    const from = process.cpuUsage();
    try {
      work();
    } catch {
      // A refusal is an answer too.
    }
    const { user, system } = process.cpuUsage(from);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}
