import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { decodeHTMLAttribute } from "entities";
import PostalMime from "postal-mime";
import supertest from "supertest";
import { afterAll, describe, expect, it } from "vitest";
import {
  type CharsetEncoder,
  createEncoder,
  createIso2022Jp,
  createUnicodeEncoder,
} from "../support/charsets.ts";
import { createEmailApp } from "../support/email-app.ts";
import { type BuiltMessage, buildMessage, type MessageInput, SHAPES } from "../support/messages.ts";

const run = promisify(execFile);
const fixtures = process.env["CLICKTRAIL_FIXTURES"];
if (fixtures === undefined) {
  console.warn(
    "\n!!! CLICKTRAIL_FIXTURES is not set: the 500 messages made of real mails do NOT run.\n",
  );
}

const MESSAGES = 500;
const ENCODINGS = ["quoted-printable", "base64", "8bit", "7bit"] as const;
/** Each with words that only it and Unicode hold. */
const CHARSETS: readonly (readonly [CharsetEncoder, string])[] = [
  [createUnicodeEncoder("utf-8"), "Grüße 🎉 日本"],
  [createEncoder("iso-8859-1"), "Grüße, señor"],
  [createEncoder("iso-8859-15"), "10 € für"],
  [createEncoder("windows-1250"), "„Příliš žluťoučký”"],
  [createEncoder("windows-1251"), "«Привет»"],
  [createEncoder("koi8-r"), "Привет"],
  [createIso2022Jp(), "日本語の質問"],
  [createEncoder("shift_jis", true), "表示ソース"],
  [createEncoder("euc-kr", true), "안녕하세요"],
  [createEncoder("gb18030", true), "你好，世界"],
  [createEncoder("big5", true), "功許蓋"],
  [createUnicodeEncoder("utf-16le"), "Grüße 🎉"],
];

const READERS = [
  ["html", decodeHTMLAttribute],
  ["text", (source: string) => source],
] as const;

describe.runIf(fixtures !== undefined)(`${MESSAGES} messages made of real mails`, () => {
  const corpus = path.join(fixtures ?? "", "corpus");
  const files = fixtures
    ? readdirSync(corpus, { recursive: true, encoding: "utf8" }).filter((file) =>
        /\.html$/.test(file),
      )
    : [];
  const { app, tokens } = createEmailApp({ bodyLimit: 5_000_000 });
  const destinationOf = (token: string) => tokens.openLink(token)?.destination ?? "forged";
  const folder = mkdtempSync(path.join(tmpdir(), "clicktrail-eml-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function messageOf(number: number): { input: MessageInput; built: BuiltMessage } {
    const [encoder, words] = CHARSETS[number % CHARSETS.length] ?? [
      createUnicodeEncoder("utf-8"),
      "",
    ];
    const html = readFileSync(path.join(corpus, files[(number * 7) % files.length] ?? ""), "utf8");
    const links = [...html.matchAll(/https?:\/\/[^\s"'<>&]+/g)].slice(0, 5).map(([url]) => url);
    const input: MessageInput = {
      number: 100 + number,
      html: html.replace(/^\ufeff/, "").replace(/(<body[^>]*>|$)/i, `$1<p>${words}</p>`),
      text: `${words}\n\nhttps://x.example/a. (${links.join("), (")})\n`,
      encoder,
      encoding: ENCODINGS[Math.floor(number / 3) % ENCODINGS.length] ?? "8bit",
      shape: SHAPES[Math.floor(number / 5) % SHAPES.length] ?? "html",
      lineEnd: number % 11 === 0 ? "\n" : "\r\n",
    };
    return { input, built: buildMessage(input) };
  }

  const rewriteByApi = async (message: Buffer): Promise<Buffer> => {
    const answer = await supertest(app)
      .post(
        "/v1/rewrite?campaign=messages&contact_id=c1&message_id=m1&utm_source=news&use_base=false",
      )
      .set("content-type", "message/rfc822")
      .buffer(true)
      .parse((res, done) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("end", () => done(null, Buffer.concat(chunks)));
      })
      .send(message);
    expect(answer.status).toBe(200);
    return answer.body;
  };

  it("through the API: the same bytes but in the bodies, and what a parser sees", async () => {
    let tracked = 0;
    for (let number = 0; number < MESSAGES; number += 1) {
      const { input, built } = messageOf(number);
      const after = await rewriteByApi(built.bytes);
      expectSameOutside(built, after, `message ${number}: ${input.shape}, ${input.encoder.label}`);
      const [parsed, original] = [
        await PostalMime.parse(after),
        await PostalMime.parse(built.bytes),
      ];
      expect(parsed.headers).toEqual(original.headers);
      expect(parsed.attachments).toEqual(original.attachments);
      for (const [part, decode] of READERS) {
        const [now = "", was = ""] = [parsed[part], original[part]];
        tracked += expectOnlyLinksChanged(now, was, destinationOf, decode);
      }
      // A second pass finds nothing to do.
      if (number % 10 === 0) expect(await rewriteByApi(after)).toEqual(after);
    }
    expect(tracked).toBeGreaterThan(MESSAGES);
  }, 240_000);

  it("through the command line too", async () => {
    for (let number = 0; number < MESSAGES; number += 50) {
      const { built } = messageOf(number);
      const file = path.join(folder, `${number}.eml`);
      writeFileSync(file, built.bytes);
      const { stdout } = await run(
        process.execPath,
        ["dist/cli.js", "rewrite", file, "--eml", "--quiet", "--campaign", "messages"],
        {
          encoding: "buffer",
          maxBuffer: 1e8,
          env: { ...process.env, DATA_DIR: folder, BASE_URL: "https://t.example" },
        },
      );
      expectSameOutside(built, stdout, `message ${number}`);
      const count = (mail: Buffer) =>
        PostalMime.parse(mail).then(({ html = "" }) => html.split("/c/").length);
      expect(await count(stdout)).toBe(await count(await rewriteByApi(built.bytes)));
    }
  }, 120_000);
});

/** What stands around the bodies is there again, byte for byte, in order, and nothing else is. */
function expectSameOutside({ bytes, bodies }: BuiltMessage, after: Buffer, name: string): void {
  const starts = [0, ...bodies.map(([, end]) => end)];
  const ends = [...bodies.map(([start]) => start), bytes.length];
  let at = 0;
  starts.forEach((start, number) => {
    const piece = bytes.subarray(start, ends[number]);
    const found = number === bodies.length ? after.length - piece.length : after.indexOf(piece, at);
    const isThere = after.subarray(found).indexOf(piece) === 0;
    expect(found >= at && isThere, `${name}: what stands around body ${number}`).toBe(true);
    if (number === 0) expect(found, name).toBe(0);
    at = found + piece.length;
  });
}

const TRACKED = /https:\/\/t\.example\/c\/([\w-]+)\/[\w-]+/;

/** Between tracking URLs stands what stood there; each leads to what it replaced, with UTM added. */
function expectOnlyLinksChanged(
  now: string,
  was: string,
  destinationOf: (token: string) => string,
  decode: (source: string) => string,
): number {
  const [first = "", ...rest] = now.split(TRACKED);
  expect(was.slice(0, first.length)).toBe(first);
  let at = first.length;
  for (let next = 0; next < rest.length; next += 2) {
    const [token = "", piece = ""] = rest.slice(next, next + 2);
    const end = piece === "" ? was.length : was.indexOf(piece, at);
    expect(end, `what stands behind a link: ${piece.slice(0, 80)}`).toBeGreaterThanOrEqual(at);
    const destination = destinationOf(token).replace(/[?&]utm_source=news(?=#|$)/, "");
    const replaced = decode(was.slice(at, end)).replaceAll(/[\t\r\n]/g, "");
    expect(comparable(destination)).toBe(comparable(replaced));
    at = end + piece.length;
  }
  expect(was.slice(at)).toBe("");
  return rest.length / 2;
}

function comparable(url: string): string {
  return new URL(url).href.replace(/\?(?=#|$)/, "");
}
