import { explainUrl as explain } from "../email/explain-url.ts";
import { createTokens } from "../email/tokens.ts";
import { loadConfig } from "../lib/config.ts";
import { openStorage } from "../storage.ts";

/** `clicktrail explain-url URL`: what a tracking URL says, and whether its signatures hold. */
export async function explainUrl(url: string, { json = false }: { json?: boolean }): Promise<void> {
  const { keyring, db } = await openStorage(loadConfig(process.env), { threads: false });
  await db.close();
  const explained = explain(url, createTokens({ keyring }));
  if (json) console.log(JSON.stringify(explained, null, 2));
  else {
    for (const [name, value] of Object.entries(explained)) {
      console.log(`${name.padEnd(14)} ${value ?? "-"}`);
    }
  }
  if (!explained.linkIsGenuine) process.exitCode = 1;
}
