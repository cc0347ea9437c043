import { type RewriteOptionsInput, rewriteOptionsSchema } from "../../src/email/rewrite/options.ts";
import { fillMail, type RewrittenMail, rewriteMail } from "../../src/email/rewrite/rewrite.ts";
import { createTokens } from "../../src/email/tokens.ts";
import type { UtmParams } from "../../src/email/utm.ts";
import { createKeyring } from "../../src/lib/keyring.ts";

/** Our own base URL in the rewriting tests. */
export const BASE = "https://t.example";
const CAMPAIGN_ID = "AAAAAAAAAAA";

export const tokens = createTokens({ keyring: createKeyring("secret of the rewriting tests") });
export const recipient = tokens.sealRecipient(1, {
  contact: "BBBBBBBBBBA",
  message: "CCCCCCCCCCA",
});

interface Given {
  readonly html?: string;
  readonly text?: string;
  readonly utm?: UtmParams;
  readonly options?: RewriteOptionsInput;
  readonly isTemplate?: boolean;
  /** Our base URL and its aliases, instead of `BASE`. */
  readonly bases?: readonly [string, ...string[]];
}

/** A rewritten mail, with its parts filled for one recipient. */
export interface Rewritten extends RewrittenMail {
  readonly output: string;
  readonly textOutput: string;
}

/** Rewrites a mail as the API would, with real tokens. */
export function rewrite({
  html,
  text,
  utm = {},
  options = {},
  isTemplate = false,
  bases = [BASE],
}: Given): Rewritten {
  const mail = rewriteMail(
    {
      html,
      text,
      workspaceId: 1,
      campaignId: CAMPAIGN_ID,
      campaign: "spring sale",
      utm,
      options: rewriteOptionsSchema.parse(options),
      trackingBases: bases,
      isTemplate,
    },
    tokens.sealLink,
  );
  const filled = fillMail(mail, recipient);
  return { ...mail, output: filled.html ?? "", textOutput: filled.text ?? "" };
}

const TRACKED = /https:\/\/t\.example\/c\/([\w-]+)\/[\w-]+/g;

/** The text with each tracked URL replaced by where it leads, in angle brackets. */
export function reveal(output: string): string {
  return output.replaceAll(
    TRACKED,
    (_url, link: string) => `<${tokens.openLink(link)?.destination ?? "forged"}>`,
  );
}
