import type {
  CompiledCondition,
  CompiledParameter,
  CompiledTrigger,
  EmbeddedPlayer,
} from "./script/compiled.ts";
import { percentOf } from "./triggers/compile.ts";
import {
  DOWNLOADED,
  FORM_BEGUN,
  type Occasion,
  OUTBOUND,
  occasionOf,
} from "./triggers/occasions.ts";
import { pathOf, typeOf } from "./triggers/paths.ts";
import { SCROLL_STEPS, VIDEO_STEPS } from "./triggers/vocabulary.ts";

const LINK = ["link_url", "link_id", "link_classes", "link_text"];
const FORM = ["form_id", "form_name", "form_destination", "form_length"];
const FIRST_FIELD = [
  "first_field_id",
  "first_field_name",
  "first_field_type",
  "first_field_position",
];
const VIDEO = [
  "video_current_time",
  "video_duration",
  "video_provider",
  "video_title",
  "video_url",
  "visible",
];

/** The query keys that sites use for what a visitor searched for, the first one that is there counts. */
const SEARCH_KEYS = ["q", "s", "search", "query", "keyword"];

/**
 * The triggers that every site has without making any: what Google's tag calls enhanced measurement. Page views,
 * engagement and the data layer are the script's own.
 *
 * @see https://support.google.com/analytics/answer/9216061
 */
export const AUTOMATIC: readonly CompiledTrigger[] = [
  ...SCROLL_STEPS.map((percent) =>
    send("scroll", occasionOf({ type: "scroll", percent }), [["percent_scrolled", percent]]),
  ),
  send("click", OUTBOUND, [["outbound", true], ...taken("link_domain", ...LINK)]),
  send("file_download", DOWNLOADED, taken("file_name", "file_extension", ...LINK)),
  send("form_start", FORM_BEGUN, taken(...FORM, ...FIRST_FIELD)),
  send(
    "form_submit",
    occasionOf({ type: "form_submit" }),
    taken(...FORM, "form_submit_text", "form_ms", "email", "form_honeypot"),
  ),
  ...SEARCH_KEYS.map((key, index) => {
    const present: CompiledCondition = [".", 0, ["query", key]];
    const absent = SEARCH_KEYS.slice(0, index).map(
      (other): CompiledCondition => [".", 1, ["query", other]],
    );
    const viewed = occasionOf({ type: "page_view" });
    return send("view_search_results", { ...viewed, when: [present, ...absent] }, [
      ["search_term", ["query", key], "t"],
    ]);
  }),
  ...VIDEO_STEPS.map((progress) =>
    send(`video_${nameOf(progress)}`, occasionOf({ type: "video", progress }), [
      ["video_percent", percentOf(progress)],
      ...taken(...VIDEO),
    ]),
  ),
];

function nameOf(progress: string): string {
  return /^\d/.test(progress) ? "progress" : progress;
}

function send(
  event: string,
  { on, when, once }: Occasion,
  parameters: readonly CompiledParameter[],
): CompiledTrigger {
  return [on, when, once, 0, [], event, parameters];
}

function taken(...variables: readonly string[]): CompiledParameter[] {
  return variables.map((variable) => [variable, pathOf(variable), typeOf(variable)]);
}

/** The players in frames that the script listens to. */
export const EMBEDDED_PLAYERS: readonly EmbeddedPlayer[] = [
  [
    "youtube",
    framesOf("www.youtube.com", "youtube.com", "www.youtube-nocookie.com"),
    ['{"event":"listening","id":1,"channel":"widget"}'],
  ],
  [
    "vimeo",
    framesOf("player.vimeo.com"),
    ["play", "timeupdate", "ended"].map((value) => ({ method: "addEventListener", value })),
  ],
];

function framesOf(...hosts: readonly string[]): string {
  return hosts
    .flatMap((host) => ["https:", ""].map((scheme) => `iframe[src^="${scheme}//${host}/"]`))
    .join();
}
