import type { CharsetEncoder } from "./charsets.ts";
import { encodeHtml, encodeText } from "./charsets.ts";

/** A message and the spans of the bodies that a rewrite may change, in order. */
export interface BuiltMessage {
  readonly bytes: Buffer;
  readonly bodies: readonly (readonly [start: number, end: number])[];
}

export interface MessageInput {
  readonly number: number;
  readonly html: string;
  readonly text: string;
  readonly encoder: CharsetEncoder;
  readonly encoding: "quoted-printable" | "base64" | "8bit" | "7bit";
  readonly shape: Shape;
  readonly lineEnd: "\r\n" | "\n";
}

export const SHAPES = [
  "html",
  "text",
  "alternative",
  "related",
  "mixed",
  "nested",
  "amp",
  "forwarded",
] as const;
type Shape = (typeof SHAPES)[number];

/** Bytes, or bytes that a rewrite may change. */
type Piece = Buffer | { readonly body: Buffer };

/** Builds a message as mail programs do: headers folded, preamble and epilogue, images, attachments. */
export function buildMessage(input: MessageInput): BuiltMessage {
  const { number, lineEnd } = input;
  const head = [
    "Received: from a.example (a.example [192.0.2.1])\n\tby b.example with ESMTPS id 4X",
    "\tfor <ann@x.example>; Tue, 3 Mar 2026 10:00:00 +0000",
    `Message-ID: <${number}.${"x".repeat(60)}@mail.example>`,
    "From: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= <news@x.example>",
    'To: Ann <ann@x.example>,\n Bob <bob@x.example>,\n\t"C, D" <cd@x.example>',
    "Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\n =?utf-8?B?8J+OiQ==?= news",
    `X-Long: ${"word ".repeat(40).trim()}`,
    "MIME-Version: 1.0",
  ].join("\n");
  const pieces = [toLines(`${head}\n`, lineEnd), ...entityOf(input.shape, input)];
  const bodies: [number, number][] = [];
  let at = 0;
  for (const piece of pieces) {
    const bytes = "body" in piece ? piece.body : piece;
    if ("body" in piece) bodies.push([at, at + bytes.length]);
    at += bytes.length;
  }
  return {
    bytes: Buffer.concat(pieces.map((piece) => ("body" in piece ? piece.body : piece))),
    bodies,
  };
}

function entityOf(shape: Shape, input: MessageInput): Piece[] {
  const inner = (of: Shape, part: string) =>
    entityOf(of, { ...input, number: Number(`${input.number}${part}`) });
  switch (shape) {
    case "html":
      return textPart(input, "text/html", encodeHtml(input.encoder, input.html));
    case "text":
      return textPart(input, "text/plain", encodeText(input.encoder, input.text));
    case "alternative":
      return multipart(input, "alternative", [inner("text", "1"), inner("html", "2")]);
    case "amp":
      return multipart(input, "alternative", [
        inner("text", "1"),
        textPart(input, "text/x-amp-html", encodeHtml(input.encoder, input.html)),
        inner("html", "2"),
      ]);
    case "related":
      return multipart(input, "related", [inner("html", "1"), image(input), image(input)]);
    case "mixed":
      return multipart(input, "mixed", [inner("alternative", "1"), pdf(input), page(input)]);
    case "nested":
      return multipart(input, "mixed", [
        multipart({ ...input, number: Number(`${input.number}7`) }, "related", [
          inner("alternative", "1"),
          image(input),
        ]),
        pdf(input),
      ]);
    case "forwarded":
      return multipart(input, "mixed", [inner("alternative", "1"), forwarded(input)]);
  }
}

function textPart(input: MessageInput, type: string, bytes: Buffer): Piece[] {
  const { encoder, number, lineEnd } = input;
  const { body, encoding } = encodeBody(input, bytes);
  const charset = number % 3 === 0 ? `"${encoder.label.toUpperCase()}"` : encoder.label;
  const spelled = number % 5 === 0 ? type.replace("text", "TEXT") : type;
  const head = `Content-Type: ${spelled};\n charset=${charset}\nContent-Transfer-Encoding: ${encoding}\nX-Part: ${number} ${type}\n\n`;
  return [toLines(head, lineEnd), { body }];
}

/** 7bit and 8bit cannot carry what they cannot: such a body travels as quoted-printable. */
function encodeBody({ encoding, lineEnd, encoder }: MessageInput, bytes: Buffer) {
  const isWide = encoder.label.startsWith("utf-16");
  const fits = encoding === "7bit" ? bytes.every((byte) => byte < 0x80) : true;
  if (encoding === "base64" || isWide) {
    const lines = bytes.toString("base64").replaceAll(/.{60}/g, `$&${lineEnd}`);
    return { body: Buffer.from(lines), encoding: "base64" };
  }
  if (encoding === "quoted-printable" || !fits) {
    return { body: quotedPrintable(bytes, lineEnd), encoding: "quoted-printable" };
  }
  return { body: toLines(bytes.toString("latin1"), lineEnd), encoding };
}

/** Shorter lines than our own encoder's, and lower-case digits: another program wrote it. */
function quotedPrintable(bytes: Buffer, lineEnd: string): Buffer {
  const encoded = bytes
    .toString("latin1")
    .split(/\r?\n/)
    .map((line) =>
      line
        .replaceAll(/[^ -<>-~]/g, (one) => `=${one.charCodeAt(0).toString(16).padStart(2, "0")}`)
        .replace(/ $/, "=20")
        .replaceAll(/(?:=..|[^=]){50}(?=.)/g, `$&=${lineEnd}`),
    );
  return Buffer.from(encoded.join(lineEnd), "latin1");
}

function multipart(input: MessageInput, kind: string, parts: readonly Piece[][]): Piece[] {
  const { number, lineEnd } = input;
  // One boundary is the beginning of another.
  const boundary = `=_b${number}`;
  const head = `Content-Type: multipart/${kind};\n\tboundary="${boundary}"\n\nThis is a message in MIME format.\n`;
  const pieces = parts.flatMap((part): Piece[] => [toLines(`\n--${boundary}\n`, lineEnd), ...part]);
  const tail = `\n--${boundary}--\n${number % 2 ? "epilogue <a href='https://x.example/no'>\n" : ""}`;
  return [toLines(head, lineEnd), ...pieces, toLines(tail, lineEnd)];
}

function image({ lineEnd, number }: MessageInput): Piece[] {
  const bytes = Buffer.from(`GIF89a${"\0".repeat(90)}${number}`, "latin1").toString("base64");
  return [
    toLines(
      `Content-Type: image/gif; name="=?utf-8?Q?B=C3=A4r.gif?="\nContent-ID: <img@x>\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\n${bytes}`,
      lineEnd,
    ),
  ];
}

function pdf({ lineEnd }: MessageInput): Piece[] {
  const bytes = Buffer.from("%PDF-1.4 https://x.example/in-pdf").toString("base64");
  return [
    toLines(
      `Content-Type: application/pdf\nContent-Disposition: attachment;\n filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf\nContent-Transfer-Encoding: base64\n\n${bytes}`,
      lineEnd,
    ),
  ];
}

function page({ lineEnd }: MessageInput): Piece[] {
  return [
    toLines(
      'Content-Type: text/html; charset=utf-8\nContent-Disposition: ATTACHMENT; filename="page.html"\n\n<a href="https://x.example/attached">x</a>',
      lineEnd,
    ),
  ];
}

function forwarded({ lineEnd }: MessageInput): Piece[] {
  return [
    toLines(
      'Content-Type: message/rfc822\nContent-Disposition: attachment; filename="old.eml"\n\nSubject: old\nContent-Type: text/html\n\n<a href="https://x.example/forwarded">x</a>',
      lineEnd,
    ),
  ];
}

function toLines(text: string, lineEnd: string): Buffer {
  return Buffer.from(text.replaceAll(/\r?\n/g, lineEnd), "latin1");
}
