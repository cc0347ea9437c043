import type { Agent, Os } from "./define.ts";

/** Longer ones are an attack on patterns, or junk. */
const LONGEST = 512;

/** In this order: an iPad may say "Macintosh" beside "iPad", every Android says "Linux". */
const OS_PATTERNS: readonly (readonly [RegExp, Os])[] = [
  [/iPhone|iPad|iPod/, "ios"],
  [/Android/, "android"],
  [/Windows/, "windows"],
  [/CrOS/, "chromeos"],
  [/Macintosh|Mac OS X/, "macos"],
  [/Linux|X11/, "linux"],
];

const BLINK = /(?:Chrome|Chromium|Edg|OPR)\/(\d+)/;
/** Wears Chrome's name on Apple's or Mozilla's engine. */
const NOT_BLINK = /CriOS|EdgiOS|OPiOS|FxiOS|iPhone|iPad/;
const EMBEDDED = /; wv\)|MSOffice|Microsoft Outlook/;
const IMAGE_PROXIES = /googleimageproxy|yahoomailproxy|outlook-?imageproxy|duckduckgo-email/i;

/**
 * Reads what the signals need from a user agent.
 *
 * @param userAgent empty when none was sent, null when unknown
 */
export function readAgent(userAgent: string | null): Agent {
  if (userAgent === null) {
    return { text: null, os: null, blink: null, embedded: false, proxy: null };
  }
  const text = userAgent.slice(0, LONGEST).trim();
  return {
    text,
    os: osOf(text),
    blink: blinkOf(text),
    embedded: EMBEDDED.test(text),
    proxy: IMAGE_PROXIES.exec(text)?.[0] ?? null,
  };
}

function osOf(text: string): Os | null {
  return OS_PATTERNS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

function blinkOf(text: string): number | null {
  const major = NOT_BLINK.test(text) ? undefined : BLINK.exec(text)?.[1];
  return major === undefined ? null : Number(major);
}

/** Reads back an operating system that was stored as text. */
export function toOs(text: string | null): Os | null {
  return OS_PATTERNS.find(([, os]) => os === text)?.[1] ?? null;
}
