import type { Tokens } from "../src/email/tokens.ts";
import type { BuiltEmail } from "./built.ts";

const UTM = { utm_source: "newsletter", utm_medium: "email", utm_campaign: "spring-sale" };

/** Tokens under a secret of their own: no seal of an earlier round is in the cache. */
export function freshTokens({ tokens, keyring }: BuiltEmail, round: number): Tokens {
  return tokens.createTokens({ keyring: keyring.createKeyring(`bench ${round}`) });
}

/** All that a mail for one recipient takes: scan, UTM, sealed links, sealed recipient, the bytes. */
export function rewriteOne({ rewriting, options }: BuiltEmail, html: string, tokens: Tokens) {
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
