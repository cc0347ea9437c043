import type { SiteSettings } from "./compiled.ts";
import type { Core } from "./core.ts";

/** How often a page is looked at for an element that needs a module. */
const LOOK_MS = 500;

/** Asks for the site's settings, those of its draft in a preview, and loads what they name. */
export async function loadModules(core: Core, folder: string, writeKey: string): Promise<void> {
  const preview = core.preview ? `?preview=${core.preview}` : "";
  const answer = await fetch(`${folder}t/${writeKey}.json${preview}`);
  const { only, modules }: SiteSettings = await answer.json();
  core.only ??= only;
  for (const [file, argument, selector] of modules) {
    const look = (): unknown =>
      selector && !document.querySelector(selector)
        ? setTimeout(look, LOOK_MS)
        : import(folder + file).then((module) => module.start(core, argument));
    // One after the other: the panel of a preview has to be there before the triggers it tells of.
    await look();
  }
}
