// Rewrites a mail of the given kind in a process of its own, and prints what it took beyond input and output.
import { rewriteOptionsSchema } from "../../dist/email/rewrite/options.js";
import { fillMail, rewriteMail } from "../../dist/email/rewrite/rewrite.js";
import { createTokens } from "../../dist/email/tokens.js";
import { createKeyring } from "../../dist/lib/keyring.js";

const KINDS = {
  links: (size) => {
    const link = (n) =>
      `<p style="margin:0">Item <a href="https://shop.example/item/${n}?a=1&amp;b=2">Go</a></p>\n`;
    return fillUp(size, link);
  },
  words: (size) => fillUp(size, () => '<p style="margin:0">Some words and <b>bold</b> ones.</p>\n'),
  brackets: (size) => "<".repeat(size),
  comments: (size) =>
    fillUp(size, (n) => `<!--[if mso]><a href="https://x.example/${n}">x</a><![endif]-->`),
};

const [kind = "links", megabytes = "5"] = process.argv.slice(2);
const tokens = createTokens({ keyring: createKeyring("secret of the memory test") });
const recipient = tokens.sealRecipient(1, { contact: "BBBBBBBBBBA", message: "CCCCCCCCCCA" });
work("<a href='https://x.example/'>warm</a>");
// One flat string, as it comes from a request.
const html = Buffer.from(KINDS[kind](Number(megabytes) * 1_000_000)).toString("latin1");
const before = used();
const { mail, output } = work(html);
const after = used();
const beyond = after - before - output.length;
console.log(
  JSON.stringify({ links: mail.links.length, input: html.length, output: output.length, beyond }),
);

function work(source) {
  const result = rewriteMail(
    {
      html: source,
      workspaceId: 1,
      campaignId: "AAAAAAAAAAA",
      campaign: "memory",
      utm: { utm_source: "news" },
      options: rewriteOptionsSchema.parse({}),
      trackingBases: ["https://t.example"],
      isTemplate: false,
    },
    tokens.sealLink,
  );
  return { mail: result, output: fillMail(result, recipient).html };
}

function used() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function fillUp(size, piece) {
  const pieces = [];
  for (let length = 0, n = 0; length < size; n += 1) {
    const text = piece(n);
    pieces.push(text);
    length += text.length;
  }
  return pieces.join("");
}
