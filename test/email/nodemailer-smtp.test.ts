import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createTransport, type SendMailOptions } from "nodemailer";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { clicktrail } from "../../src/email/nodemailer.ts";
import { createEmailApp } from "../support/email-app.ts";

const { app, tokens } = createEmailApp({ bodyLimit: 1_000_000 });

/** What has reached the mail server, as its bytes. */
const arrived: string[] = [];
const http: Server = createServer(app);
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS"],
  onData(stream, _session, done) {
    buffer(stream).then((bytes) => {
      arrived.push(bytes.toString("latin1"));
      done();
    }, done);
  },
});

beforeAll(async () => {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => smtp.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  http.close();
  await new Promise<void>((resolve) => smtp.close(resolve));
});
beforeEach(() => {
  arrived.length = 0;
});

const MAIL: SendMailOptions = {
  from: '"Grüße, Laden" <news@shop.example>',
  to: "Ann <ann@x.example>",
  replyTo: "help@shop.example",
  subject: "Frühling 🎉 — alles neu, und noch ein paar Wörter, damit der Betreff umbrochen wird",
  date: new Date("2026-03-03T10:00:00Z"),
  messageId: "<fixed-1@shop.example>",
  headers: { "X-Campaign": "spring", "X-Long": "word ".repeat(40).trim() },
  list: { unsubscribe: "https://shop.example/unsubscribe?u=1" },
  html: `<!doctype html><style>a::after{content:"→"}</style>\n.dot at the start of a line
    <p>Grüße!   <a href='https://shop.example/a?x=1&amp;y=2'>Los =3D geht’s</a>${"—".repeat(90)}
    <a href="mailto:help@shop.example">Mail</a> <img src="cid:logo@shop"></p>\t \n`,
  text: "Grüße!\n\n..two dots\nhttps://shop.example/a?x=1&y=2\n\n-- \nLaden",
  attachments: [
    { filename: "logo.png", cid: "logo@shop", content: Buffer.from([0, 255, 13, 10, 46, 13]) },
    { filename: "Preisliste März.txt", content: "https://shop.example/a is no link here\n" },
  ],
};

/** Sends over the wire, and gives back what arrived. */
async function send(mail: SendMailOptions, isTracked: boolean): Promise<string> {
  const { port } = smtp.server.address() as AddressInfo;
  const transport = createTransport({ host: "127.0.0.1", port, ignoreTLS: true });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  if (isTracked) transport.use("compile", clicktrail({ url, key: "k", campaign: "spring" }));
  await transport.sendMail({ ...mail });
  transport.close();
  return arrived.at(-1) ?? "";
}

/** The pieces between a message's boundaries; those themselves are random. */
const piecesOf = (message: string) => message.split(/--_NmP-[0-9a-f]+-(Part_\d+)/);

const isText = (piece: string) => /^Content-Type: text\/(html|plain); charset/m.test(piece);

function decode(piece: string): string {
  const bytes = piece
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** A text with every tracked URL put back, spelled as `spelled` says. */
function untrack(text: string, spelled: (url: string) => string): string {
  return text.replaceAll(/https:\/\/t\.example\/c\/([\w-]+)\/[\w-]+/g, (_url, link: string) =>
    spelled(tokens.openLink(link)?.destination ?? "forged"),
  );
}

describe("nodemailer with the plugin, to a real SMTP server", () => {
  it("delivers the very message that it would without, but for links and one header", async () => {
    const plain = piecesOf(await send(MAIL, false));
    const tracked = piecesOf(await send(MAIL, true));
    expect(tracked).toHaveLength(plain.length);
    expect(tracked.filter(isText)).toHaveLength(2);
    for (const [at, piece] of tracked.entries()) {
      const expected = plain[at] ?? "";
      if (isText(piece)) {
        const isHtml = piece.includes("text/html");
        const spelled = (url: string) => (isHtml ? url.replaceAll("&", "&amp;") : url);
        expect(decode(piece)).toContain("https://t.example/c/");
        expect(untrack(decode(piece), spelled)).toBe(decode(expected));
      } else {
        const isHead = at === 0;
        const [ours = ""] = /X-Clicktrail-Message: [\w-]{11}\r\n/.exec(piece) ?? [];
        expect(ours !== "").toBe(isHead);
        expect(piece.replace(ours, "")).toBe(expected);
      }
    }
  });

  it("is signed by DKIM after the links are tracked", async () => {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const dkim = { domainName: "shop.example", keySelector: "s1", privateKey };
    const message = await send({ ...MAIL, dkim }, true);
    const [head = "", ...body] = message.split("\r\n\r\n");
    const [, signed] = /bh=\s*([\w+/=\s]+);/.exec(head) ?? [];
    expect(signed?.replaceAll(/\s/g, "")).toBe(bodyHash(body.join("\r\n\r\n")));
    expect(decode(message)).toContain("https://t.example/c/");
  });

  it("sends each of several mails at once with its own links", async () => {
    const people = ["ann@x.example", "bob@x.example", "cem@x.example"];
    await Promise.all(people.map((to) => send({ ...MAIL, to }, true)));
    const recipients = arrived.map(
      (message) => /https:\/\/t\.example\/c\/[\w-]+\/([\w-]+)/.exec(decode(message))?.[1] ?? "",
    );
    expect(new Set(recipients).size).toBe(3);
    for (const recipient of recipients) expect(tokens.openRecipient(5, recipient)).toBeDefined();
  });
});

/** @see https://www.rfc-editor.org/rfc/rfc6376#section-3.4.4 the "relaxed" form of a body */
function bodyHash(body: string): string {
  const relaxed = body
    .replaceAll(/[ \t]+\r\n/g, "\r\n")
    .replaceAll(/[ \t]+/g, " ")
    .replace(/(\r\n)*$/, "\r\n");
  return createHash("sha256").update(relaxed, "latin1").digest("base64");
}
