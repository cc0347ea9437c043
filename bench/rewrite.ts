import { type BuiltEmail, loadBuiltEmail } from "./built.ts";
import { loadMails } from "./email-corpus.ts";
import { type BenchFigure, describeSpread, median } from "./figure.ts";
import { freshTokens, rewriteOne } from "./rewrite-one.ts";
import { startSide } from "./rewrite-side.ts";

const ROUNDS = 9;
const GOAL_RATIO = 12;
const GOAL_LARGE_MS = 300;
const GOAL_EXTRA_CHARACTERS = 30;

/** The rewriter with sealed tokens against cheerio's parse and serialize, in the same run. */
export async function benchRewrite(): Promise<BenchFigure[]> {
  const { mails, origin } = await loadMails();
  const built = await loadBuiltEmail();
  const sides = { ours: startSide("ours"), cheerio: startSide("cheerio") };
  const ours: number[] = [];
  const cheerio: number[] = [];
  // Interleaved, so that a noisy moment of the machine hits both; in processes of their own, so that
  // neither collects the other's garbage.
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await sides.ours.measure());
    cheerio.push(await sides.cheerio.measure());
  }
  sides.ours.stop();
  sides.cheerio.stop();
  const ratios = ours.map((speed, round) => speed / (cheerio[round] ?? speed));
  const ratio = median(ratios);
  const large = measureLarge(built, mails);
  const extra = extraCharacters(built, mails);
  return [
    {
      name: `rewrite, ${mails.length} mails (${origin})`,
      value: `${median(ours).toFixed(0)} MB/s`,
      goal: "",
      met: true,
    },
    {
      name: "cheerio load + html()",
      value: `${median(cheerio).toFixed(1)} MB/s`,
      goal: "",
      met: true,
    },
    {
      name: "rewrite against cheerio",
      value: `${describeSpread(ratios, 1)} x`,
      goal: `>= ${GOAL_RATIO} x`,
      met: ratio >= GOAL_RATIO,
    },
    {
      name: "a 5 MB mail",
      value: `${large.toFixed(0)} ms`,
      goal: `<= ${GOAL_LARGE_MS} ms`,
      met: large <= GOAL_LARGE_MS,
    },
    {
      name: "tracking URL beyond its destination",
      value: `${extra.toFixed(1)} characters (mean)`,
      goal: `<= ${GOAL_EXTRA_CHARACTERS}`,
      met: extra <= GOAL_EXTRA_CHARACTERS,
    },
  ];
}

/** The mails one behind the other, over and over: some 5 MB, with the links of real mails. */
function measureLarge(built: BuiltEmail, mails: readonly string[]): number {
  const once = mails.join("\n");
  const mail = once.repeat(Math.ceil(5_000_000 / once.length)).slice(0, 5_000_000);
  // A service is warm: the mails one by one first.
  for (const warmUp of mails) rewriteOne(built, warmUp, freshTokens(built, -1));
  const times = Array.from({ length: 5 }, (_, round) =>
    secondsOf(() => void rewriteOne(built, mail, freshTokens(built, round))),
  );
  return median(times) * 1000;
}

function extraCharacters(built: BuiltEmail, mails: readonly string[]): number {
  const tokens = freshTokens(built, 0);
  const extra = mails.flatMap((html) => {
    const { mail, recipient } = rewriteOne(built, html, tokens);
    return mail.links.map(
      (link) => link.urlBeforeRecipient.length + recipient.length - link.destination.length,
    );
  });
  return extra.reduce((sum, one) => sum + one, 0) / Math.max(1, extra.length);
}

/** The seconds that something takes. */
export function secondsOf(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}
