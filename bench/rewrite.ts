import { load } from "cheerio";
import type { Tokens } from "../src/email/tokens.ts";
import { type BuiltEmail, loadBuiltEmail } from "./built.ts";
import { loadMails } from "./email-corpus.ts";
import { type BenchFigure, describeSpread, median } from "./figure.ts";

const ROUNDS = 5;
const PASSES = 5;
const UTM = { utm_source: "newsletter", utm_medium: "email", utm_campaign: "spring-sale" };
const GOAL_RATIO = 12;
const GOAL_LARGE_MS = 300;
const GOAL_EXTRA_CHARACTERS = 30;

/** The rewriter with sealed tokens against cheerio's parse and serialize, in the same run. */
export async function benchRewrite(): Promise<BenchFigure[]> {
  const { mails, origin } = await loadMails();
  const built = await loadBuiltEmail();
  const megabytes = mails.reduce((sum, mail) => sum + Buffer.byteLength(mail), 0) / 1e6;
  // The first pass also compiles; neither side is charged for it.
  const warmUp = freshTokens(built, -1);
  for (const mail of mails) {
    rewriteOne(built, mail, warmUp);
    load(mail).html();
  }
  const ours: number[] = [];
  const cheerio: number[] = [];
  // Interleaved, so that a noisy moment of the machine hits both; several passes of ours, because the
  // first one after cheerio's also collects its garbage.
  for (let round = 0; round < ROUNDS; round++) {
    const passes = Array.from({ length: PASSES }, (_, pass) => {
      const tokens = freshTokens(built, round * PASSES + pass);
      return secondsOf(() => mails.forEach((mail) => void rewriteOne(built, mail, tokens)));
    });
    ours.push(megabytes / median(passes));
    cheerio.push(megabytes / secondsOf(() => mails.forEach((mail) => void load(mail).html())));
  }
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

function freshTokens({ tokens, keyring }: BuiltEmail, round: number): Tokens {
  // A new secret a round: no seal of an earlier one is in the cache.
  return tokens.createTokens({ keyring: keyring.createKeyring(`bench ${round}`) });
}

function rewriteOne({ rewriting, options }: BuiltEmail, html: string, tokens: Tokens) {
  const mail = rewriting.rewriteMail(
    {
      html,
      workspaceId: 1,
      campaignId: "AAAAAAAAAAA",
      campaign: "bench",
      utm: UTM,
      options,
      trackingBases: ["http://127.0.0.1:3000"],
      isTemplate: false,
    },
    tokens.sealLink,
  );
  const recipient = tokens.sealRecipient(1, { contact: "BBBBBBBBBBA", message: "CCCCCCCCCCA" });
  return { mail, recipient, ...rewriting.fillMail(mail, recipient) };
}

/** The mails one behind the other, over and over: some 5 MB, with the links of real mails. */
function measureLarge(built: BuiltEmail, mails: readonly string[]): number {
  const once = mails.join("\n");
  const mail = once.repeat(Math.ceil(5_000_000 / once.length)).slice(0, 5_000_000);
  const times = Array.from({ length: 3 }, (_, round) =>
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
