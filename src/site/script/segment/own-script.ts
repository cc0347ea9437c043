import { folder, key, nonce } from "./tag.ts";

/** The server puts CLICK_PARAM in its place. */
const CLICK_PARAM = "%CLICK_PARAM%";

/** Our script's queue, as long as the script that this one loads is not there. */
const waiting: unknown[][] = [];

/** Loads our script; a page that has it already keeps it as it is. */
export function loadOwnScript(): void {
  if (window.clicktrail) return;
  window.clicktrail = waiting;
  const script = document.createElement("script");
  script.async = true;
  script.nonce = nonce;
  script.src = `${folder}t.js`;
  Object.assign(script.dataset, { key, auto: "off", clickParam: CLICK_PARAM });
  document.head.append(script);
}

/** Whether our script takes calls: it is there, or the page has a tag of its own for it, which may wait for consent. */
export function takesCalls(): boolean {
  return window.clicktrail !== waiting;
}

/** Gives it a call. */
export function giveCall(...call: unknown[]): void {
  window.clicktrail?.push(call);
}
