import { rememberClick } from "./click-id.ts";
import type { SiteSettings } from "./compiled.ts";
import {
  type Api,
  api,
  CLICK,
  context,
  core,
  isAutomatic,
  type Signal,
  takeParameter,
} from "./core.ts";
import { guard, listen } from "./guard.ts";
import { watchPages } from "./pages.ts";
import { session } from "./storage.ts";
import { clickParam, consent, folder, key, privacy } from "./tag.ts";
import { watchDataLayer } from "./watch-layer.ts";

const PREVIEW = "clicktrail_preview";

function start(): void {
  const clickId = takeParameter(clickParam);
  const begin = guard(() => {
    if (clickId && !(privacy === "no-join" && refusesTracking())) {
      session(CLICK, rememberClick(clickId, Date.now()));
    }
    const preview = session(PREVIEW, takeParameter(PREVIEW));
    if (preview) core.only = "none";
    const queue = window.clicktrail;
    window.clicktrail = api;
    watchPages();
    watchDataLayer();
    watchHands();
    void loadModules(preview).catch(() => {});
    api.push(...((queue as unknown[][]) ?? []));
  });
  if (consent) {
    void import(`${folder}t.more.js`).then((more) => more.consent(consent, begin, core));
  } else begin();
}

/** Tells the triggers what is done on the page, and the server whether somebody is there at all. */
function watchHands(): void {
  const notice = (signal: Signal): void => core.notice(signal);
  listen(["pointerdown", "keydown", "scroll"], () => {
    context.interacted = 1;
  });
  listen(["click", "auxclick", "focusin", "scroll", "error"], notice);
  // Bubbling, after every handler of the page: a cancelled submit is none.
  addEventListener("submit", notice);
}

/** Asks for the site's settings, those of its draft in a preview, and loads what they name. */
async function loadModules(preview = ""): Promise<void> {
  const { only, modules }: SiteSettings = await (
    await fetch(`${folder}t/${key}.json?auto=${isAutomatic}&preview=${preview}`)
  ).json();
  core.only ??= only;
  // One after the other: the panel of a preview has to be there before the triggers it tells of.
  for (const [file, argument] of modules) (await import(folder + file)).start(core, argument);
}

/** Global Privacy Control or Do Not Track. */
function refusesTracking(): boolean | undefined {
  return navigator.globalPrivacyControl || navigator.doNotTrack === "1";
}

// Loaded twice, by a template and a tag manager: the first one works.
if (!(window.clicktrail as Api | undefined)?.track) {
  // A page that is only being prepared has no visitor yet.
  if (document.prerendering) {
    listen(["prerenderingchange"], start);
  } else start();
}
