import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";
import { decodeTransfer, encodeTransfer } from "../../src/email/rewrite/transfer-encoding.ts";
import { rewriteForCommand } from "../../src/email/rewrite-command.ts";
import { createRewriteService } from "../../src/email/service.ts";
import { createId } from "../../src/lib/ids.ts";
import { createRefs } from "../../src/lib/refs.ts";
import { reveal, tokens } from "../support/rewriting.ts";

const html =
  '<!doctype html>\r\n<html><body><p style="color:#333">Grüße = 100 %</p>\r\n' +
  '<a href="https://x.example/a?b=1&amp;c=2">Go, this is a rather long line so that it must be wrapped</a>  \r\n' +
  "<a href='https://x.example/bye'>Bye</a></body></html>\r\n";
const text = "Grüße. See https://x.example/a?b=1&c=2.\r\n";

const encode = (
  body: string,
  encoding: "8bit" | "base64" | "quoted-printable",
  charset: BufferEncoding,
) => encodeTransfer(Buffer.from(body, charset), encoding, "\r\n");

function messageOf(
  encoding: "8bit" | "base64" | "quoted-printable",
  charset: { label: string; node: BufferEncoding } = { label: "utf-8", node: "utf8" },
  extra = "",
): Buffer {
  const part = (type: string, body: string) =>
    Buffer.concat([
      Buffer.from(
        `--B1\r\nContent-Type: text/${type};\r\n charset="${charset.label}"\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`,
      ),
      encode(body, encoding, charset.node),
      Buffer.from("\r\n"),
    ]);
  return Buffer.concat([
    Buffer.from(
      `${extra}From: a@x.example\r\nTo: b@x.example\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n` +
        "List-Unsubscribe: <https://x.example/bye>\r\nMIME-Version: 1.0\r\n" +
        'Content-Type: multipart/alternative; boundary="B1"\r\n\r\npreamble\r\n',
    ),
    part("plain", text),
    part("html", html),
    Buffer.from("--B1--\r\nepilogue"),
  ]);
}

const rewrite = (mail: Buffer, settings = "campaign=a") =>
  rewriteForCommand(service, {
    mail,
    form: "message",
    settings: new URLSearchParams(settings),
    workspaceId: 1,
    freshId: "m-1",
  });

const service = createRewriteService({
  tokens,
  basesOf: () => ["https://t.example"],
  admitDestinations: async () => {},
  refsOf: () => createRefs(Buffer.alloc(32, 1)),
  record: async () => {},
  now: () => 1,
  createId,
});

describe("a message", () => {
  it.each([
    ["8bit", "utf-8", "utf8"],
    ["base64", "utf-8", "utf8"],
    ["quoted-printable", "utf-8", "utf8"],
    ["8bit", "iso-8859-1", "latin1"],
    ["quoted-printable", "windows-1252", "latin1"],
  ] as const)("keeps everything but the links: %s, %s", async (encoding, label, node) => {
    const before = messageOf(encoding, { label, node });
    const { mail, report } = await rewrite(before);
    const parsed = await PostalMime.parse(mail);
    const original = await PostalMime.parse(before);
    expect(parsed.headers).toEqual(original.headers);
    expect(reveal(parsed.html ?? "")).toBe(
      (original.html ?? "").replace(
        "https://x.example/a?b=1&amp;c=2",
        "<https://x.example/a?b=1&c=2>",
      ),
    );
    expect(reveal(parsed.text ?? "")).toBe(
      (original.text ?? "").replace("https://x.example/a?b=1&c=2", "<https://x.example/a?b=1&c=2>"),
    );
    // The List-Unsubscribe URL is left alone, and the text shares the HTML's link.
    expect(report.skipped.map(({ reason }) => reason)).toEqual(["unsubscribe"]);
    expect(report.links).toHaveLength(1);
  });

  it("numbers the links of all its parts as one mail: HTML, text, then the rest", async () => {
    const part = (type: string, body: string) =>
      `--B\r\nContent-Type: ${type}; charset=utf-8\r\n\r\n${body}\r\n`;
    const link = (path: string) => `<a href="https://x.example/${path}">${path}</a>`;
    const before =
      "Content-Type: multipart/alternative; boundary=B\r\n\r\n" +
      part("text/plain", "https://x.example/b https://x.example/only-text") +
      part("text/x-amp-html", link("a") + link("b") + link("only-amp") + link("b")) +
      `${part("text/html", link("a") + link("b"))}--B--\r\n`;
    const { mail, report } = await rewrite(Buffer.from(before), "campaign=a&open_pixel=1");
    expect(report.links.map(({ index, url }) => [index, url.split("/").at(-1)])).toEqual([
      [0, "a"],
      [1, "b"],
      [2, "only-text"],
      [3, "only-amp"],
      [4, "b"],
    ]);
    const indexes = [...mail.toString().matchAll(/\/c\/([\w-]+)/g)].map(
      ([, token]) => tokens.openLink(token ?? "")?.index,
    );
    expect(indexes).toEqual([1, 2, 0, 1, 3, 4, 0, 1]);
    expect(mail.toString().match(/<img/g)).toHaveLength(1);
  });

  it("in UTF-16 keeps the byte order that its mark says, whatever its label", async () => {
    const utf16be = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le").swap16();
    const head = "Content-Type: text/html; charset=utf-16\r\n";
    const link = '<a href="https://x.example/">Gr\u00fc\u00dfe</a>';
    const message = Buffer.from(
      `${head}Content-Transfer-Encoding: base64\r\n\r\n${utf16be(link).toString("base64")}`,
    );
    const { mail } = await rewrite(message);
    const [, body = ""] = mail.toString().split("\r\n\r\n");
    const text = Buffer.from(body, "base64").swap16().toString("utf16le");
    expect(reveal(text)).toBe(
      `\ufeff${link.replace("https://x.example/", "<https://x.example/>")}`,
    );
  });

  it.each(["windows-1252", "gb18030"])(
    "ends a URL before a closing quote of %s",
    async (charset) => {
      const quotes = charset === "gb18030" ? ["\xa1\xb0", "\xa1\xb1"] : ["\x93", "\x94"];
      const body = `See ${quotes.join("https://x.example/a")} ok`;
      const head = `Content-Type: text/plain; charset=${charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`;
      const { mail } = await rewrite(Buffer.from(head + body, "latin1"));
      expect(reveal(mail.toString("latin1"))).toBe(
        `${head}See ${quotes.join("<https://x.example/a>")} ok`,
      );
    },
  );

  it("without a link keeps every byte", async () => {
    const mail = Buffer.from(
      "Subject: x\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGI+eA==\n \n",
    );
    expect((await rewrite(mail)).mail.equals(mail)).toBe(true);
  });

  it("changes no attachment", async () => {
    const attached = Buffer.from(
      "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/html\r\n\r\n<b>x</b>\r\n" +
        "--B\r\nContent-Type: text/html\r\nContent-Disposition: attachment\r\n\r\n<a href=https://x.example/>\r\n--B--\r\n",
    );
    expect((await rewrite(attached)).mail.equals(attached)).toBe(true);
  });

  it.each([
    ["DKIM", "DKIM-Signature: v=1;\r\n b=abc\r\n"],
    ["ARC", "ARC-Message-Signature: i=1\r\n"],
  ])("that carries a %s signature is refused unless asked for", async (_case, header) => {
    const signed = messageOf("8bit", undefined, header);
    await expect(rewrite(signed)).rejects.toMatchObject({ code: "signed_mail", status: 422 });
    expect((await rewrite(signed, "campaign=a&allow_signed=true")).report.links).toHaveLength(1);
  });

  it.each([
    ["no header at all", "\r\nbody", "invalid_mime"],
    [
      "an unknown transfer encoding",
      "Content-Type: text/html\r\nContent-Transfer-Encoding: x-uue\r\n\r\nx",
      "invalid_mime",
    ],
    ["nothing to rewrite", "Content-Type: image/png\r\n\r\nx", "invalid_mime"],
    ["an unknown charset", "Content-Type: text/html; charset=nope\r\n\r\nx", "unsupported_charset"],
  ])("is refused: %s", async (_case, mail, code) => {
    await expect(rewrite(Buffer.from(mail))).rejects.toMatchObject({ code });
  });
});

describe("transfer encodings", () => {
  it.each(["quoted-printable", "base64"] as const)("give back what they took: %s", (encoding) => {
    const body = Buffer.from(`${"é=".repeat(100)} \r\n\t\r\nx ${"a".repeat(200)}\r\n`);
    const encoded = encodeTransfer(body, encoding, "\r\n");
    expect(decodeTransfer(encoded, encoding)).toEqual(body);
    const longest = Math.max(
      ...encoded
        .toString()
        .split("\r\n")
        .map((line) => line.length),
    );
    expect(longest).toBeLessThanOrEqual(76);
  });
});
