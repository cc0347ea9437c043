import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium } from "playwright-core";

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

/**
 * Flags with which a browser passes for a person's: traffic/ rightly takes HeadlessChrome and
 * `navigator.webdriver` for a machine, and a machine's visit belongs to nobody. As a flag, because a context's
 * user agent does not reach the beacons of a page that is being left.
 */
export const AS_A_PERSON = [
  "--disable-blink-features=AutomationControlled",
  "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
] as const;

/** What a closing that will come takes at most, on a busy machine. */
const CLOSING_MS = 10_000;

/**
 * Closes a context, or leaves it to the end of its browser: where a navigation is being committed, Chromium can say
 * that it closes a page and keep it open (https://github.com/microsoft/playwright/issues/42366), and a wait has no end.
 */
export async function closeContext(context: BrowserContext): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), CLOSING_MS);
  });
  const first = await Promise.race([context.close(), late]);
  clearTimeout(timer);
  if (first === "late") console.warn("Chromium kept a page open that it had agreed to close.");
}
