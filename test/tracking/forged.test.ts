import http from "node:http";
import { Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findMergeTags } from "../../src/email/rewrite/merge-tags.ts";
import { fillSlots } from "../../src/email/rewrite/slots.ts";
import { createTokens } from "../../src/email/tokens.ts";
import type { Reply } from "../../src/lib/front.ts";
import { createKeyring } from "../../src/lib/keyring.ts";
import { createFloods } from "../../src/tracking/floods.ts";
import { createFront } from "../../src/tracking/front.ts";
import { createOpenPath } from "../../src/tracking/open-path.ts";

const tokens = createTokens({ keyring: createKeyring("our secret", ["our earlier secret"]) });
const foreign = createTokens({ keyring: createKeyring("somebody else's secret") });
const DESTINATION = "https://shop.test/";
const PAGE = "<h1>This link is unknown.</h1>";

const front = createFront({
  basePath: "",
  openPath: createOpenPath({
    ...tokens,
    findException: () => undefined,
    fillSlots,
    isMergeTag: (text) => findMergeTags(text).tags.length > 0,
  }),
  isForeignHost: () => false,
  addClickParameter: (_workspaceId, destination) => destination,
  record: (_json, done) => done("durable"),
  floods: createFloods({ limit: Number.POSITIVE_INFINITY, record() {}, createId: String }),
  describeVisitor: () => ({ ip: null, tls: true, network: undefined }),
  now: () => 0,
  createId: () => "id",
  onHit() {},
  onMiss() {},
  notFoundPage: PAGE,
  gonePage: () => "",
});

const request = new http.IncomingMessage(new Socket());
request.method = "GET";

/** What the front answers, in this process: a million times is too much for a network. */
function answerTo(path: string): Pick<Reply, "status" | "location"> {
  request.url = path;
  let answer: Pick<Reply, "status" | "location"> = { status: 0, location: "" };
  const isOurs = front(request, ({ status, location }) => {
    answer = { status, location };
  });
  // What is none of the front's is left to the app, which knows no such page.
  return isOurs ? answer : { status: 404, location: "" };
}

const ref = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((bytes) => Buffer.from(bytes).toString("base64url"));
const parts = fc.record({
  workspaceId: fc.integer({ min: 1, max: 1000 }),
  campaignId: ref,
  index: fc.nat(200),
  destination: fc
    .webUrl({ withQueryParameters: true, withFragments: true })
    .filter((url) => /^[!-~]*$/.test(url)),
  contact: ref,
  message: ref,
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

function seal(given: Parts, by = tokens) {
  const { workspaceId, campaignId, index, destination, contact, message } = given;
  const link = { workspaceId, campaignId, index, hasSlots: false, isTemplate: false };
  return {
    link: by.sealLink({ ...link, purpose: "click", destination }),
    pixel: by.sealLink({ ...link, purpose: "open", index: 0, destination: "" }),
    recipient: by.sealRecipient(workspaceId, { contact, message }),
  };
}

const CASES = [String.prototype.toUpperCase, String.prototype.toLowerCase, swapCase];

function swapCase(this: string): string {
  return this.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}

/** Every text near a token that is not the token. */
function damaged(token: string): string[] {
  const bytes = Buffer.from(token, "base64url");
  const flipped = Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy.toString("base64url");
  });
  const cut = Array.from({ length: token.length }, (_, length) => token.slice(0, length));
  const longer = ["A", "AA", "AAAA", "%00", "=", "==", "/", "/x", ";a=b", "%2f..%2f"];
  const others = [
    ...CASES.map((change) => change.call(token)),
    token.replaceAll("-", "+").replaceAll("_", "/"),
    ...respelled(token),
    ...longer.map((more) => token + more),
  ];
  return [...flipped, ...cut, ...others].filter((other) => other !== token);
}

/** The same bytes in other letters: bits of the last letter that base64url leaves unused. */
function respelled(token: string): string[] {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const same = Buffer.from(token, "base64url");
  return [...alphabet]
    .map((letter) => token.slice(0, -1) + letter)
    .filter((other) => Buffer.from(other, "base64url").equals(same));
}

describe("a tracking URL that is not whole and ours", () => {
  it("never redirects, wherever it was damaged", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const { link, recipient } = seal(given);
        expect(answerTo(`/c/${link}/${recipient}`).status).toBe(302);
        const paths = [
          ...damaged(link).map((other) => `/c/${other}/${recipient}`),
          ...damaged(recipient).map((other) => `/c/${link}/${other}`),
        ];
        for (const path of paths) {
          expect({ path, ...answerTo(path) }).toEqual({ path, status: 404, location: "" });
        }
      }),
      { numRuns: 100 },
    );
  }, 120_000);

  it("never redirects when a part is another's: workspace, key, purpose, link", () => {
    fc.assert(
      fc.property(parts, parts, (given, other) => {
        const own = seal(given);
        const elsewhere = seal({ ...given, workspaceId: given.workspaceId + 1 });
        const stolen = seal(given, foreign);
        for (const path of [
          `/c/${own.link}/${elsewhere.recipient}`,
          `/c/${elsewhere.link}/${own.recipient}`,
          `/c/${stolen.link}/${stolen.recipient}`,
          `/c/${stolen.link}/${own.recipient}`,
          `/c/${own.link}/${stolen.recipient}`,
          `/c/${own.pixel}/${own.recipient}`,
          `/c/${own.recipient}/${own.link}`,
          `/c/${own.link}/${own.link}`,
          `/c/${own.recipient}/${own.recipient}`,
          `/c/${own.link}`,
          `/c/${own.link}/`,
          `/c//${own.link}/${own.recipient}`,
          `/c/${Buffer.from(JSON.stringify({ url: other.destination })).toString("base64url")}/${own.recipient}`,
          `/C/${own.link}/${own.recipient}`,
        ]) {
          expect({ path, ...answerTo(path) }).toEqual({ path, status: 404, location: "" });
        }
      }),
      { numRuns: 200 },
    );
  });

  it("of a key that was given up never redirects, one of an accepted key does", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const earlier = createTokens({ keyring: createKeyring("our earlier secret") });
        const accepted = seal(given, earlier);
        expect(answerTo(`/c/${accepted.link}/${accepted.recipient}`).status).toBe(302);
        const givenUp = seal(given, createTokens({ keyring: createKeyring("our first secret") }));
        expect(answerTo(`/c/${givenUp.link}/${givenUp.recipient}`).status).toBe(404);
      }),
      { numRuns: 20 },
    );
  });

  it("never redirects among a million that are random, some of them with our own beginnings", () => {
    const { link, recipient } = seal({
      workspaceId: 1,
      campaignId: "AAAAAAAAAAM",
      index: 0,
      destination: DESTINATION,
      contact: "AAAAAAAAAAE",
      message: "AAAAAAAAAAI",
    });
    const pool = crypto.getRandomValues(new Uint8Array(65_536));
    const noise = Buffer.from(pool).toString("base64url").replaceAll(/[-_]/g, "a");
    const statuses = new Map<number, number>();
    for (let n = 0; n < 1_000_000; n++) {
      const at = (n * 7919) % 80_000;
      const text = noise.slice(at, at + 20 + (n % 90));
      const path = [
        `/c/${text}/${noise.slice(at + 7, at + 39)}`,
        `/c/${link}/${noise.slice(at, at + 32)}`,
        `/c/${link.slice(0, 2 + (n % 60))}${text}/${recipient}`,
        `/c/${text}`,
      ][n % 4];
      const { status } = answerTo(path ?? "");
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([[404, 1_000_000]]);
  }, 240_000);
});
