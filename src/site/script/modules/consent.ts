import type { Core } from "../core.ts";
import { lookUntil } from "./look.ts";

interface TcData {
  readonly gdprApplies?: boolean;
  readonly eventStatus?: string;
  readonly purpose?: { readonly consents?: object };
}

type TcfApi = (command: string, version: number, done: (data: TcData | null) => void) => void;

/**
 * Waits until the visitor agrees to be measured: to storage and measurement (purposes 1 and 8) by the
 * framework of IAB Europe, or to `analytics_storage` by Google's consent mode.
 *
 * @param mode  `tcf` or `google`
 * @param begin starts the script, at most once
 * @see https://github.com/InteractiveAdvertisingBureau/GDPR-Transparency-and-Consent-Framework
 */
export function waitForConsent(mode: string, begin: () => void, core: Core): void {
  let hasBegun = false;
  const decide = (isAllowed: unknown): void => {
    core.isHeld = !isAllowed;
    if (!isAllowed || hasBegun) return;
    hasBegun = true;
    begin();
  };
  const followTcf = (): unknown => {
    const api = window.__tcfapi as TcfApi | undefined;
    api?.("addEventListener", 2, (data) => {
      const { gdprApplies, eventStatus, purpose } = Object(data) as TcData;
      const { 1: storage, 8: measurement } = Object(purpose?.consents);
      // While the visitor is being asked, what they said the last time stands in it.
      if (eventStatus !== "cmpuishown") decide(gdprApplies === false || (storage && measurement));
    });
    return api;
  };
  /** The last word of the data layer counts; it is read again and again, because it is never announced. */
  const followGoogle = (): void => {
    let word: unknown;
    for (const entry of window.dataLayer ?? []) {
      const { 0: command, 2: words } = Object(entry);
      if (command === "consent") word = words?.analytics_storage ?? word;
    }
    decide(word === "granted");
  };
  lookUntil(mode === "tcf" ? followTcf : followGoogle);
}
