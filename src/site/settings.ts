import type { ModuleToLoad, PreviewArgument, SiteSettings } from "./script/compiled.ts";
import { hashedName, type ScriptFiles } from "./script-file.ts";
import type { LiveSite } from "./sites.ts";
import { compileTriggers, implied } from "./triggers/compile.ts";
import { describeCondition, describeOn } from "./triggers/describe.ts";
import type { Trigger } from "./triggers/schema.ts";

/** Where the module for videos is of use. */
const PLAYERS = 'video,iframe[src*="youtube"],iframe[src*="vimeo"]';

/** What the script of a site is told: what to send, and which files to load beside itself. */
export function describeSettings(
  { collects, triggers }: LiveSite,
  files: ScriptFiles,
): SiteSettings {
  if (collects === "nothing") return { only: "none", modules: [] };
  if (collects === "page_views") return { only: "page", modules: [] };
  const rules: ModuleToLoad[] =
    triggers.length > 0 ? [[hashedName(files, "t.triggers.js"), triggers]] : [];
  return { modules: [...rules, videoModule(files)] };
}

/**
 * The same for a preview: the draft, and the panel that shows what it does.
 *
 * @param draft undefined when the link is over or forged
 */
export function describePreview(
  draft: readonly Trigger[] | undefined,
  files: ScriptFiles,
): SiteSettings {
  const panel = hashedName(files, "t.preview.js");
  if (!draft) return { modules: [[panel, { problem: OVER, triggers: [] }]] };
  const enabled = draft.filter((trigger) => trigger.enabled);
  const argument: PreviewArgument = { problem: "", triggers: enabled.map(inWords) };
  return {
    modules: [
      [panel, argument],
      [hashedName(files, "t.triggers.js"), compileTriggers(draft)],
      videoModule(files),
    ],
  };
}

const OVER = "This preview link is over. Make a new one on the page of the site.";

function videoModule(files: ScriptFiles): ModuleToLoad {
  return [hashedName(files, "t.video.js"), 0, PLAYERS];
}

function inWords({ name, on, conditions }: Trigger): PreviewArgument["triggers"][number] {
  return {
    name,
    conditions: [...implied(on).map(() => describeOn(on)), ...conditions.map(describeCondition)],
  };
}
