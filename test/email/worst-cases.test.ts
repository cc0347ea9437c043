import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { readMime, readPart, replaceParts } from "../../src/email/rewrite/mime.ts";
import type { RewriteOptionsInput } from "../../src/email/rewrite/options.ts";
import { rewrite } from "../support/rewriting.ts";

const run = promisify(execFile);
const URL = "https://x.example/a";
const options = {
  merge_tags: "slots",
  open_pixel: true,
  honeypot: true,
  exclude_domains: ["y.example"],
} satisfies RewriteOptionsInput;

/** Twice the input takes twice the time; quadratic work takes four times. */
const MOST_RATIO = 3.2;
const ROUNDS = 5;
/** Other work on the machine may disturb a whole try. */
const TRIES = 4;

/** Best times of interleaved runs: what disturbs one size disturbs the other. */
function growth(work: (size: number) => void, size: number): number {
  const times: [number[], number[]] = [[], []];
  work(size);
  for (let round = 0; round < ROUNDS; round += 1) {
    times.forEach((list, twice) => {
      const start = performance.now();
      work(size << twice);
      list.push(performance.now() - start);
    });
  }
  return Math.min(...times[1]) / Math.min(...times[0]);
}

function expectLinear(work: (size: number) => void, size: number): void {
  const ratios: number[] = [];
  for (let tries = 0; tries < TRIES; tries += 1) {
    const ratio = growth(work, size);
    if (ratio < MOST_RATIO) return;
    ratios.push(ratio);
  }
  expect(ratios, "time of twice the input").toEqual([]);
}

const many = (count: number, piece: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => piece(n)).join("");

describe("a mail twice as long takes about twice as long", () => {
  it.each<[string, number, (size: number) => string]>([
    ["stray <", 50_000, (n) => "<".repeat(n)],
    ["stray </", 50_000, (n) => "</".repeat(n)],
    ["nesting", 5000, (n) => "<div>".repeat(n) + URL + "</div>".repeat(n)],
    ["nested links", 2000, (n) => `<a href="${URL}">`.repeat(n)],
    ["links", 6500, (n) => many(n, (i) => `<a href="${URL}/${i}">x</a>`)],
    ["one link over and over", 6500, (n) => `<a href="${URL}">x</a>`.repeat(n)],
    ["a giant attribute", 400_000, (n) => `<a title="${"x ".repeat(n)}" href="${URL}">x</a>`],
    ["a giant href", 400_000, (n) => `<a href="${URL}${"{{".repeat(n)}">x</a>`],
    [
      "a giant link name",
      400_000,
      (n) => `<a data-link-name="${" x".repeat(n)}" href="${URL}">x</a>`,
    ],
    [
      "many attributes",
      20_000,
      (n) => `<a ${many(n, (i) => `data-utm-${i}=x `)} href="${URL}">x</a>`,
    ],
    ["unterminated attributes", 20_000, (n) => '<a href="'.repeat(n)],
    ["unclosed comments", 50_000, (n) => "<!--".repeat(n)],
    ["unclosed conditions", 20_000, (n) => "<!--[if mso]>".repeat(n)],
    ["conditions in conditions", 20_000, (n) => `${"<!--[if mso]>".repeat(n)}<a href="${URL}">-->`],
    ["conditions without an end", 5000, (n) => `<!--[if ${"x".repeat(100)}`.repeat(n)],
    [
      "closed conditions",
      10_000,
      (n) => `<!--[if mso]><a href="${URL}">x</a><![endif]-->`.repeat(n),
    ],
    ["styles in comments", 20_000, (n) => "<!--[if mso]><style>-->".repeat(n)],
    ["comments that end in --!>", 50_000, (n) => "<!--x--!>".repeat(n)],
    ["unclosed raw text", 20_000, (n) => "<style></styl><title>".repeat(n)],
    ["svg", 20_000, (n) => "<svg><style><![CDATA[".repeat(n)],
    ["opt-outs", 5000, (n) => many(n, (i) => `<a data-track=off href="${URL}${i}">x</a>`)],
    ["merge tags", 5000, (n) => `<a href="${URL}?${"{{x}}".repeat(20)}">x</a>`.repeat(n / 10)],
  ])("%s", { timeout: 60_000 }, (_case, size, build) => {
    expectLinear((n) => void rewrite({ html: build(n), options }), size);
  });

  it.each<[string, number, (size: number) => string]>([
    ["URLs", 5000, (n) => many(n, (i) => `${URL}/${i} `)],
    ["one giant URL", 100_000, (n) => `${URL}${"(".repeat(n)}${")".repeat(n)}`],
    ["brackets", 100_000, (n) => `${URL}${"]".repeat(n)}`],
    ["punctuation", 100_000, (n) => `${URL}${".".repeat(n)}`],
    ["openers behind a URL", 50_000, (n) => `${URL}${"{{ [[ *|".repeat(n)}`],
    ["braces behind a URL", 100_000, (n) => `${URL}${"{".repeat(n)}`],
    ["schemes", 20_000, (n) => "https://".repeat(n)],
    ["Markdown", 20_000, (n) => `[${URL}](${URL})`.repeat(n / 4)],
  ])("a text part of %s", { timeout: 60_000 }, (_case, size, build) => {
    expectLinear((n) => void rewrite({ text: build(n), options }), size);
  });

  it.each<[string, number, (size: number) => string]>([
    ["headers", 20_000, (n) => `${"X-A: b\r\n".repeat(n)}\r\nx`],
    ["a folded header", 20_000, (n) => `X-A: b\r\n${" c\r\n".repeat(n)}\r\nx`],
    ["parts", 5000, (n) => `${BOUNDARY}${PART.repeat(n)}--B--`],
    ["parts with endless parameters", 300, (n) => BOUNDARY + many(n, () => SLOW_PART)],
    ["delimiters that are none", 50_000, (n) => `${BOUNDARY}${"--B".repeat(n)}`],
    [
      "multiparts in multiparts",
      5000,
      (n) => BOUNDARY + `--B\r\n${BOUNDARY}`.repeat(18) + PART.repeat(n),
    ],
  ])("a message of %s", { timeout: 60_000 }, (_case, size, build) => {
    expectLinear((n) => {
      const message = Buffer.from(build(n));
      const mime = readMime(message);
      replaceParts(
        message,
        mime,
        mime.parts.map((part) => readPart(message, part).source),
      );
    }, size);
  });
});

const BOUNDARY = "Content-Type: multipart/mixed; boundary=B\r\n\r\n";
const PART = "--B\r\nContent-Type: text/plain\r\n\r\nx\r\n";
const SLOW_PART = `--B\r\nContent-Type: text/html${';a="\\'.repeat(400)}\r\n\r\nx\r\n`;

describe("a mail takes at most 16 MB beside itself and what comes of it", () => {
  it.each([
    ["13,000 links", "links", "1.2"],
    ["5 MB of words", "words", "5"],
    ["5 MB of stray <", "brackets", "5"],
    ["13,000 Outlook links", "comments", "0.8"],
  ])("%s", { timeout: 60_000 }, async (_case, kind, megabytes) => {
    const script = "test/support/rewrite-memory.mjs";
    const { stdout } = await run(process.execPath, ["--expose-gc", script, kind, megabytes]);
    const { beyond }: { beyond: number } = JSON.parse(stdout);
    expect(beyond).toBeLessThan(16 * 2 ** 20);
  });
});
