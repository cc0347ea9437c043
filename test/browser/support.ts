import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Whether real browser tests can run; in CI they must. */
export const hasChromium: boolean = existsSync(CHROMIUM);
if (!hasChromium) {
  const message = `No Chromium at ${CHROMIUM}: NOTHING is tested in a browser. Install it, or name it in CHROMIUM.`;
  if (process.env["CI"]) throw new Error(message);
  console.warn(`\n!!! ${message}\n`);
}

/** Starts Chromium without its own traffic. */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });
}
