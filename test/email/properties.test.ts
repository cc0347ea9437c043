import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { decodeHTMLAttribute } from "entities";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addUtm } from "../../src/email/utm.ts";
import { BASE, rewrite, tokens } from "../support/rewriting.ts";

const fixtures = process.env["CLICKTRAIL_FIXTURES"];
if (fixtures === undefined) {
  console.warn("\n!!! CLICKTRAIL_FIXTURES is not set: mutations of real mails do NOT run.\n");
}

const utm = { utm_source: "news letter", utm_medium: "email" };
const TRACKED = new RegExp(`${BASE}/c/([\\w-]+)/[\\w-]+(?:\\?m0=[^"'\\s>]*)?`);

describe("resolve(rewrite(url))", () => {
  it("is the URL with the missing UTM", () => {
    const url = fc.webUrl({ withQueryParameters: true, withFragments: true });
    const pair = fc.constantFrom(
      "",
      "utm_source=mine",
      "UTM_Medium=x",
      "a=1&a=2",
      "flag",
      "q=a+b%20c",
    );
    fc.assert(
      fc.property(url, pair, fc.constantFrom('"', "'", ""), (href, query, quote) => {
        const [, head = "", hash = ""] = /^([^#]*)(.*)$/s.exec(href) ?? [];
        const given =
          query === "" ? href : `${head}${head.includes("?") ? "&" : "?"}${query}${hash}`;
        // What would end the value, or be a character reference, a mail writes as one.
        const written = given.replaceAll(/[&"'`>\s]/g, (one) => `&#${one.charCodeAt(0)};`);
        const { output, links } = rewrite({
          html: `<a href=${quote}${written}${quote}>x</a>`,
          utm,
        });
        fc.pre(links.length === 1);
        const [, token = ""] = TRACKED.exec(output) ?? [];
        const destination = tokens.openLink(token)?.destination;
        const expected = addUtm(given, utm);
        expect([expected, new URL(expected).href]).toContain(destination);
      }),
      { numRuns: 500 },
    );
  });
});

describe.runIf(fixtures !== undefined)("damaged real mails", () => {
  const folder = path.join(fixtures ?? "", "corpus");
  const mails = (fixtures ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [])
    .filter((file) => file.endsWith(".html"))
    .map((file) => readFileSync(path.join(folder, file), "utf8"));

  const splinter = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      "<",
      ">",
      '"',
      "'",
      "<!--",
      "-->",
      "--!>",
      "<a href=",
      "</a>",
      "&amp;",
      "=",
      "/",
    ),
    fc.constantFrom(
      "<!--[if mso]>",
      "<![endif]-->",
      "<style>",
      "</style>",
      "<svg>",
      "{{",
      "}}",
      "\0",
    ),
    fc.constantFrom(
      '<a href="https://x.example/?a=1&b">',
      "<v:rect href=https://x.example/ ",
      "</body>",
    ),
  );
  const mutation = fc.record({ at: fc.nat(), drop: fc.nat(80), put: splinter });
  const damaged = fc
    .tuple(
      fc.nat(Math.max(0, mails.length - 1)),
      fc.array(mutation, { minLength: 1, maxLength: 8 }),
    )
    .map(([number, mutations]) =>
      mutations.reduce((mail, { at, drop, put }) => {
        const from = at % (mail.length + 1);
        return mail.slice(0, from) + put + mail.slice(from + drop);
      }, mails[number] ?? ""),
    );

  it.each([{}, { merge_tags: "slots" as const }])(
    "never throw, change only in their links, and change no more the second time: %j",
    (options) => {
      fc.assert(
        fc.property(damaged, (html) => {
          const { output, links } = rewrite({ html, options, utm });
          expect(output.split(BASE).length > 1 || links.length === 0).toBe(true);
          expectOnlyLinksChanged(output, html);
          expect(rewrite({ html: output, options, utm }).output).toBe(output);
        }),
        { numRuns: 250 },
      );
    },
    60_000,
  );

  it("keep their text parts in the same way", () => {
    fc.assert(
      fc.property(damaged, (text) => {
        const { textOutput } = rewrite({ text, utm });
        expectOnlyLinksChanged(textOutput, text, (source) => source);
        expect(rewrite({ text: textOutput, utm }).textOutput).toBe(textOutput);
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});

/** Between tracking URLs stands what stood there, and each replaces a URL that it leads to. */
function expectOnlyLinksChanged(
  now: string,
  was: string,
  decode: (source: string) => string = decodeHTMLAttribute,
): void {
  const [first = "", ...rest] = now.split(TRACKED);
  expect(was.startsWith(first)).toBe(true);
  let at = first.length;
  for (let next = 0; next < rest.length; next += 2) {
    const [token = "", piece = ""] = rest.slice(next, next + 2);
    const end = endOfUrl(was, at, piece);
    expect(end).toBeGreaterThanOrEqual(at);
    const link = tokens.openLink(token);
    // An already tracked link of the original stands for itself.
    if (link && !link.hasSlots) {
      expect(comparable(link.destination)).toBe(
        comparable(addUtm(clean(decode(was.slice(at, end))), utm)),
      );
    }
    at = end + piece.length;
  }
  expect(at).toBe(was.length);
}

function endOfUrl(was: string, at: number, piece: string): number {
  return piece === "" ? was.length : was.indexOf(piece, at);
}

/** What a browser drops of a URL. */
function clean(url: string): string {
  const isEdge = (character: string) => character.charCodeAt(0) <= 32;
  const kept = Array.from(url.replaceAll(/[\t\r\n]/g, ""));
  while (kept[0] !== undefined && isEdge(kept[0])) kept.shift();
  while (isEdge(kept.at(-1) ?? "x")) kept.pop();
  return kept.join("");
}

function comparable(url: string): string {
  const absolute = url.replace(/^[\\/]{2}/, "https://");
  return URL.canParse(absolute) ? new URL(absolute).href : absolute;
}
