import { readFile } from "node:fs/promises";
import { z } from "zod";
import { decodeBody, encodeBody, findCharset } from "../../src/email/rewrite/bytes.ts";
import { rewriteOptionsSchema } from "../../src/email/rewrite/options.ts";
import { fillMail, type RewrittenMail, rewriteMail } from "../../src/email/rewrite/rewrite.ts";
import { decodeTransfer } from "../../src/email/rewrite/transfer-encoding.ts";
import { createTokens } from "../../src/email/tokens.ts";
import { errorMessage } from "../../src/lib/errors.ts";
import { createKeyring } from "../../src/lib/keyring.ts";

const BASE = "https://t.example";

const vectorSchema = z.object({
  id: z.string(),
  input_html: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
  expect: z.object({
    determinate: z.boolean(),
    destinations: z.array(z.string()).optional(),
    skipped: z.array(z.string()).optional(),
    output_html: z.string().optional(),
    slots: z.array(z.array(z.string())).optional(),
  }),
});

type Vector = z.output<typeof vectorSchema>;

/** What describes the input, not the rewrite. */
const NO_OPTIONS = new Set([
  "utm",
  "aliasBases",
  "charset",
  "content_transfer_encoding",
  "input_encoding",
]);

/** What one case was to give, and what it gave. */
export interface FailedCase {
  readonly id: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** Runs the rewriting vectors of a file through the real rewriter and its tokens. */
export async function runRewriteCases(
  file: string,
): Promise<{ passed: number; failed: FailedCase[] }> {
  const vectors = z.array(vectorSchema).parse(JSON.parse(await readFile(file, "utf8")));
  const failed = vectors.flatMap((vector) => {
    const failure = runVector(vector);
    return failure ? [failure] : [];
  });
  return { passed: vectors.length - failed.length, failed };
}

const tokens = createTokens({ keyring: createKeyring("secret of the rewriting cases") });

function runVector(vector: Vector): FailedCase | undefined {
  const fail = (expected: unknown, found: unknown) => ({ id: vector.id, expected, found });
  try {
    const { source, mail, output } = rewriteVector(vector);
    const again = rewrite(output, vector);
    if (fill(again, vector) !== output)
      return fail("a second pass changes nothing", fill(again, vector));
    const found = describe(mail, vector, output);
    if (isExpected(found, vector)) return undefined;
    if (!vector.expect.determinate && output === source) return undefined;
    if (!vector.expect.determinate && vector.expect.output_html === undefined) return undefined;
    return fail(vector.expect, found);
  } catch (error) {
    // An indeterminate case may be refused, if it is refused clearly.
    return vector.expect.determinate ? fail(vector.expect, errorMessage(error)) : undefined;
  }
}

function rewriteVector(vector: Vector): { source: string; mail: RewrittenMail; output: string } {
  const source = sourceOf(vector);
  const mail = rewrite(source, vector);
  return { source, mail, output: fill(mail, vector) };
}

function sourceOf({ input_html, options }: Vector): string {
  const bytes = Buffer.from(input_html, options["input_encoding"] === "base64" ? "base64" : "utf8");
  const transfer = String(options["content_transfer_encoding"] ?? "8bit");
  const body = decodeTransfer(bytes, transfer);
  const charset = findCharset(body, String(options["charset"] ?? "utf-8"));
  const source = decodeBody(body, charset);
  if (!encodeBody(source, charset).equals(body)) {
    throw new Error("The body does not survive its charset.");
  }
  return source;
}

function rewrite(source: string, { options }: Vector): RewrittenMail {
  const given = Object.entries(options).filter(([name]) => !NO_OPTIONS.has(name));
  const parsed = rewriteOptionsSchema.parse(
    Object.fromEntries(given.map(([name, value]) => [toSnakeCase(name), value])),
  );
  const aliases = z.array(z.string()).default([]).parse(options["aliasBases"]);
  return rewriteMail(
    {
      ...(parsed.part === "text" ? { text: source } : { html: source }),
      workspaceId: 1,
      campaignId: "AAAAAAAAAAA",
      campaign: "cases",
      utm: z.record(z.string(), z.string()).default({}).parse(options["utm"]),
      options: parsed,
      trackingBases: [BASE, ...aliases],
      isTemplate: false,
    },
    tokens.sealLink,
  );
}

/** The vectors spell the API's names in camel case. */
function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const recipient = tokens.sealRecipient(1, { contact: "BBBBBBBBBBA", message: "CCCCCCCCCCA" });

function fill(mail: RewrittenMail, { options }: Vector): string {
  const { html, text } = fillMail(mail, recipient);
  return (options["part"] === "text" ? text : html) ?? "";
}

/** The result in the vectors' own terms: `[[Tn]]` for the n-th tracking URL, hrefs as `new URL()` has them. */
function describe(mail: RewrittenMail, vector: Vector, output: string) {
  const expected = vector.expect.output_html ?? "";
  const order: string[] = [];
  const masked = output.replaceAll(
    new RegExp(`${BASE}/c/([\\w-]+)/${recipient}`, "g"),
    (_url, link: string) => {
      const known = order.indexOf(link);
      const repeats =
        known >= 0 && expected.includes(`[[T${known}]]`) && countOf(expected) <= known + 1;
      const number =
        known >= 0 && (repeats || !expected.includes(`[[T${order.length}]]`))
          ? known
          : order.push(link) - 1;
      return `[[T${number}]]`;
    },
  );
  const destinations = order.map((link) => {
    const opened = tokens.openLink(link);
    return opened?.hasSlots ? opened.destination : comparable(opened?.destination ?? "forged");
  });
  return {
    output_html: masked,
    destinations,
    skipped: mail.skipped.map(({ reason }) => reason),
  };
}

function countOf(expected: string): number {
  return new Set(expected.match(/\[\[T\d+\]\]/g)).size;
}

function isExpected(found: ReturnType<typeof describe>, { expect }: Vector): boolean {
  if (expect.output_html === undefined) return false;
  const wanted = {
    output_html: expect.output_html,
    destinations: (expect.destinations ?? []).map((url) =>
      /\{\d+\}/.test(url) ? url : comparable(url),
    ),
    skipped: expect.skipped ?? [],
  };
  return JSON.stringify(wanted) === JSON.stringify(found);
}

function comparable(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url;
}
