import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainUrl } from "../../src/email/explain-url.ts";
import type { SealedLink } from "../../src/email/link-token.ts";
import { createTokens } from "../../src/email/tokens.ts";
import { createKeyring } from "../../src/lib/keyring.ts";

const tokens = createTokens({ keyring: createKeyring("present") });
const ref = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((bytes) => Buffer.from(bytes).toString("base64url"));
const destination = fc
  .webUrl({ withQueryParameters: true, withFragments: true })
  .filter((url) => /^[!-~]*$/.test(url));
const link: fc.Arbitrary<SealedLink> = fc.record({
  purpose: fc.constant("click" as const),
  workspaceId: fc.integer({ min: 1, max: 2 ** 40 }),
  campaignId: ref,
  index: fc.nat(20_000),
  destination,
  hasSlots: fc.boolean(),
  isTemplate: fc.boolean(),
});

/** Every token that differs in one bit, and every shorter and some longer ones. */
function damaged(token: string): string[] {
  const bytes = Buffer.from(token, "base64url");
  const flipped = Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy.toString("base64url");
  });
  const cut = Array.from({ length: token.length }, (_, length) => token.slice(0, length));
  const longer = ["A", "=", ".", "AA", "AAAA", "%00", " "].map((more) => token + more);
  const respelled = [`=${token}`, ` ${token}`, token.replaceAll("-", "+").replaceAll("_", "/")];
  return [...flipped, ...cut, ...longer, ...respelled].filter((other) => other !== token);
}

describe("link tokens", () => {
  it("open to what was sealed, and never end in - or _", () => {
    fc.assert(
      fc.property(link, (sealed) => {
        const token = tokens.sealLink(sealed);
        expect(tokens.openLink(token)).toEqual(sealed);
        expect(token).toMatch(/^[\w-]*[A-Za-z0-9]$/);
      }),
      { numRuns: 500 },
    );
  });

  it("do not open after any bit flip, cut, extension or other spelling", () => {
    fc.assert(
      fc.property(link, (sealed) => {
        for (const other of damaged(tokens.sealLink(sealed))) {
          expect(tokens.openLink(other)).toBeUndefined();
        }
      }),
      { numRuns: 20 },
    );
  });

  it("open under an earlier secret, and not under a foreign one", () => {
    const sealed = fc.sample(link, 1)[0];
    if (!sealed) throw new Error("no sample");
    const token = tokens.sealLink(sealed);
    const rotated = createTokens({ keyring: createKeyring("next", ["present"]) });
    expect(rotated.openLink(token)).toEqual(sealed);
    expect(rotated.sealLink(sealed)).not.toBe(token);
    expect(createTokens({ keyring: createKeyring("other") }).openLink(token)).toBeUndefined();
  });

  it("of a pixel say so, and carry no destination", () => {
    const open = {
      purpose: "open",
      workspaceId: 1,
      campaignId: "AAAAAAAAAAA",
      index: 0,
      destination: "",
      hasSlots: false,
      isTemplate: false,
    } as const;
    expect(tokens.openLink(tokens.sealLink(open))).toEqual(open);
  });

  it("hold a destination of 8 kB", () => {
    const noise = Array.from({ length: 8000 }, (_, i) => String.fromCharCode(97 + ((i * i) % 26)));
    const [sealed] = fc.sample(link, 1);
    if (!sealed) throw new Error("no sample");
    const long = { ...sealed, destination: `https://x.example/?q=${noise.join("")}` };
    expect(tokens.openLink(tokens.sealLink(long))).toEqual(long);
  });
});

describe("recipient tokens", () => {
  const recipients = fc.oneof(
    fc.record({ contact: ref, message: ref }),
    fc.record({ contact: ref, message: fc.constant(null) }),
    fc.record({ contact: fc.constant(null), message: ref }),
  );

  it("open to what was sealed, and never end in - or _", () => {
    fc.assert(
      fc.property(recipients, (recipient) => {
        const token = tokens.sealRecipient(7, recipient);
        expect(tokens.openRecipient(7, token)).toEqual(recipient);
        expect(token).toMatch(/^[\w-]*[A-Za-z0-9]$/);
        expect(tokens.openRecipient(8, token)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it("do not open after any bit flip, cut, extension or other spelling", () => {
    fc.assert(
      fc.property(recipients, (recipient) => {
        for (const other of damaged(tokens.sealRecipient(7, recipient))) {
          expect(tokens.openRecipient(7, other)).toBeUndefined();
        }
      }),
      // One in 32 tokens ends badly and takes the longer form: enough runs to see some.
      { numRuns: 300 },
    );
  });

  it("are no link tokens, nor the other way round", () => {
    const token = tokens.sealRecipient(1, { contact: "AAAAAAAAAAA", message: "AAAAAAAAAAA" });
    expect(tokens.openLink(token)).toBeUndefined();
  });
});

describe("explainUrl", () => {
  const sealed = {
    purpose: "click",
    workspaceId: 3,
    campaignId: "AAAAAAAAAAA",
    index: 4,
    destination: "https://x.example/",
    hasSlots: false,
    isTemplate: false,
  } as const;

  it("tells campaign, link, destination and recipient of a genuine URL", () => {
    const token = tokens.sealRecipient(3, { contact: "BBBBBBBBBBA", message: null });
    const url = `https://t.example/c/${tokens.sealLink(sealed)}/${token}`;
    expect(explainUrl(url, tokens)).toMatchObject({
      kind: "click",
      linkIsGenuine: true,
      campaignId: "AAAAAAAAAAA",
      linkIndex: 4,
      destination: "https://x.example/",
      recipient: "contact",
      contactRef: "BBBBBBBBBBA",
    });
  });

  it("says what is not genuine", () => {
    expect(explainUrl("https://t.example/c/forged/x", tokens)).toMatchObject({
      linkIsGenuine: false,
      destination: null,
      recipient: "not genuine",
    });
    expect(explainUrl("https://x.example/", tokens).kind).toBe("no tracking URL");
  });
});
