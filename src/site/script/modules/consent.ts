import type { Core } from "../core.ts";

interface TcData {
  readonly gdprApplies?: boolean;
  readonly eventStatus?: string;
  readonly purpose?: { readonly consents?: Record<string, boolean | undefined> };
}

type TcfApi = (
  command: string,
  version: number,
  done: (data: TcData, isOk: boolean) => void,
) => void;

/** How often an answer is looked for that nobody announces. */
const LOOK_MS = 500;

/**
 * Waits until the visitor agrees to be measured: to storage and measurement (purposes 1 and 8) by the
 * framework of IAB Europe, or to `analytics_storage` by Google's consent mode.
 *
 * @param mode  `tcf` or `google`
 * @param begin starts the script, at most once
 * @see https://github.com/InteractiveAdvertisingBureau/GDPR-Transparency-and-Consent-Framework
 */
export function start(mode: string, begin: () => Core): void {
  let core: Core | undefined;
  let wasAllowed = false;
  /** What else keeps calls from being sent: the site's switch, or a preview. */
  let only: string | undefined;
  const decide = (isAllowed: boolean): void => {
    if (isAllowed === wasAllowed) return;
    wasAllowed = isAllowed;
    if (!core) core = begin();
    else if (isAllowed) core.only = only;
    else {
      only = core.only;
      core.only = "none";
    }
  };

  const find = mode === "tcf" ? followTcf : followGoogle;
  const look = (): void => {
    if (!find(decide)) setTimeout(look, LOOK_MS);
  };
  look();
}

function followTcf(decide: (isAllowed: boolean) => void): unknown {
  const api: unknown = window.__tcfapi;
  if (typeof api !== "function") return false;
  (api as TcfApi)("addEventListener", 2, (data, isOk) => {
    const { gdprApplies, eventStatus = "", purpose } = data;
    if (!isOk || !/^(tcloaded|useractioncomplete)$/.test(eventStatus)) return;
    decide(gdprApplies === false || !!(purpose?.consents?.[1] && purpose.consents[8]));
  });
  return true;
}

/** The last word of the data layer counts; it is read again and again, because it is never announced. */
function followGoogle(decide: (isAllowed: boolean) => void): unknown {
  const layer: unknown = window.dataLayer;
  const words = Array.isArray(layer) ? layer.filter((entry) => entry?.[0] === "consent") : [];
  const [last] = words
    .map((entry) => entry[2]?.analytics_storage)
    .filter(Boolean)
    .reverse();
  decide(last === "granted");
  return false;
}
