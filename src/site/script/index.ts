import { watchPage } from "./automatic.ts";
import { type Core, guard, startCore, takeParameter } from "./core.ts";
import { watchForms } from "./forms.ts";
import { loadModules } from "./load-modules.ts";

/** Its attributes: `data-key`, `data-click-param`, `data-privacy`, `data-consent` and `data-auto`. */
const tag = document.currentScript ?? document.querySelector('script[data-key][src*="/t."]');

function start({ src, dataset }: HTMLScriptElement): void {
  // Loaded twice, by a template and a tag manager: the first one works.
  if (window.clicktrail && !Array.isArray(window.clicktrail)) return;
  const folder = new URL(".", src).href;
  const { key: writeKey = "", clickParam = "jt", privacy, consent, auto } = dataset;
  const landed = takeParameter(clickParam);
  const clickId = privacy === "no-join" && refusesTracking() ? undefined : landed;

  const begin = (): Core => {
    const queue = window.clicktrail ?? [];
    const core = startCore({ folder, writeKey, clickId, isAutomatic: auto !== "off" });
    window.clicktrail = core.api;
    watchPage(core);
    watchForms(core);
    if (Array.isArray(queue)) core.api.push(...queue);
    void loadModules(core, folder, writeKey).catch(() => {});
    return core;
  };
  if (consent)
    void import(`${folder}t.consent.js`).then(guard((module) => module.start(consent, begin)));
  else begin();
}

/** Global Privacy Control or Do Not Track. */
function refusesTracking(): boolean | undefined {
  return navigator.globalPrivacyControl || navigator.doNotTrack === "1";
}

// A page that is only being prepared has no visitor yet.
if (tag instanceof HTMLScriptElement) {
  const startNow = guard(() => start(tag));
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", startNow, { once: true });
  } else startNow();
}
