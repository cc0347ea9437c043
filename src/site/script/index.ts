import { type Api, type Core, guard, type Settings, startCore } from "./core.ts";
import { watchForms } from "./forms.ts";
import { startTriggers } from "./triggers.ts";

declare global {
  interface Window {
    /** Before the script is there: a plain array of `[method, ...args]`. */
    clicktrail?: unknown[][] | Api;
  }
}

const script = document.currentScript ?? document.querySelector('script[data-key][src*="/t."]');

/** A page that is only being prepared has no visitor yet. */
function whenShown(start: () => void): void {
  if (Reflect.get(document, "prerendering")) {
    document.addEventListener("prerenderingchange", start, { once: true });
  } else start();
}

function readSettings({ src, dataset }: HTMLScriptElement): Settings {
  return {
    base: new URL(".", src).href,
    key: dataset["key"] ?? "",
    clickParam: dataset["clickParam"] || "jt",
    respectsPrivacy: dataset["privacy"] === "no-join",
  };
}

function start(script: HTMLScriptElement): void {
  const queue = window.clicktrail;
  // Loaded twice, by a template and a tag manager: the first one works.
  if (queue !== undefined && !Array.isArray(queue)) return;
  const core: Core = startCore(readSettings(script));
  window.clicktrail = core.api;
  if (script.dataset["auto"] !== "off") {
    core.watchPages();
    startTriggers(core);
    watchForms(core);
  }
  core.api.push(...(queue ?? []));
}

if (script instanceof HTMLScriptElement) whenShown(guard(() => start(script)));
