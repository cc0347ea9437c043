import { loadBuiltEmail } from "./built.ts";
import { type BenchFigure, median } from "./figure.ts";
import { secondsOf } from "./rewrite.ts";

const MAILS = 100_000;
const ROUNDS = 5;
const LINKS = 20;
const GOAL_PER_SECOND = 100_000;

/** One campaign's mail filled for each of many recipients: token sealed, bytes materialised. */
export async function benchFill(): Promise<BenchFigure[]> {
  const { rewriting, options, ...built } = await loadBuiltEmail();
  const tokens = built.tokens.createTokens({ keyring: built.keyring.createKeyring("bench") });
  const mail = rewriting.rewriteMail(
    {
      html: mailOf2Kilobytes(),
      workspaceId: 1,
      campaignId: "AAAAAAAAAAA",
      campaign: "bench",
      utm: {},
      options,
      trackingBases: ["http://127.0.0.1:3000"],
      isTemplate: false,
    },
    tokens.sealLink,
  );
  const refs = Array.from({ length: 1000 }, (_, i) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(i, 4);
    return bytes.toString("base64url");
  });
  let bytes = 0;
  const fill = () => {
    bytes = 0;
    for (let i = 0; i < MAILS; i++) {
      const contact = refs[i % refs.length] ?? "";
      const recipient = tokens.sealRecipient(1, { contact, message: contact });
      bytes += Buffer.from(rewriting.fillMail(mail, recipient).html ?? "", "utf8").length;
    }
  };
  const speeds = Array.from({ length: ROUNDS }, () => MAILS / secondsOf(fill));
  const speed = median(speeds);
  return [
    {
      name: `fill, ${LINKS} links, ${(bytes / MAILS / 1000).toFixed(1)} kB out`,
      value: `${Math.round(speed).toLocaleString("en")} mails/s`,
      goal: `>= ${GOAL_PER_SECOND.toLocaleString("en")} mails/s`,
      met: speed >= GOAL_PER_SECOND,
    },
  ];
}

function mailOf2Kilobytes(): string {
  const links = Array.from(
    { length: LINKS },
    (_, i) =>
      `<p>Item ${i}: <a href="https://shop.example.com/p/${i}?a=1&amp;b=2">see it here</a></p>\n`,
  ).join("");
  const frame = `<!doctype html><html><body>${links}</body></html>`;
  return frame.replace(
    "</body>",
    `${"Lorem ipsum. ".repeat(Math.ceil((2000 - frame.length) / 13))}</body>`,
  );
}
