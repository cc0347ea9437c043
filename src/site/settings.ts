import { AUTOMATIC, EMBEDDED_PLAYERS } from "./automatic.ts";
import type {
  CompiledTrigger,
  ModuleToLoad,
  PreviewArgument,
  SiteSettings,
} from "./script/compiled.ts";
import { hashedName, type ScriptFiles } from "./script-file.ts";
import type { LiveSite } from "./sites.ts";
import { compileTriggers } from "./triggers/compile.ts";
import { describeCondition } from "./triggers/describe.ts";
import type { Trigger } from "./triggers/schema.ts";

/**
 * What the script of a site is told: what to send, and which files to load beside itself.
 *
 * @param isAutomatic whether the tag lets the script send what happens on the page without being asked for
 */
export function describeSettings(
  { collects, triggers }: LiveSite,
  files: ScriptFiles,
  isAutomatic: boolean,
): SiteSettings {
  if (collects === "nothing") return { only: "none", modules: [] };
  if (collects === "page_views") return { only: "page", modules: [] };
  const all = isAutomatic ? [...triggers, ...AUTOMATIC] : triggers;
  return all.length > 0 ? { modules: [moduleOfTriggers(all, files)] } : { only: "", modules: [] };
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
  const all = [...compileTriggers(draft), ...AUTOMATIC];
  return { modules: [[panel, argument], moduleOfTriggers(all, files)] };
}

const OVER = "This preview link is over. Make a new one on the page of the site.";

function moduleOfTriggers(triggers: readonly CompiledTrigger[], files: ScriptFiles): ModuleToLoad {
  return [hashedName(files, "t.more.js"), [triggers, EMBEDDED_PLAYERS]];
}

function inWords({ name, conditions }: Trigger): PreviewArgument["triggers"][number] {
  return { name, conditions: conditions.map(describeCondition) };
}
