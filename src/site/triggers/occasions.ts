import type { CompiledCondition, CompiledPath } from "../script/compiled.ts";
import { toPattern } from "./patterns.ts";
import type { TriggerDefinition } from "./schema.ts";

/** When something has happened: on which signals of the script, under what conditions, and how often. */
export interface Occasion {
  readonly on: readonly string[];
  readonly when: readonly CompiledCondition[];
  /** Once a page, or once for each value found there. */
  readonly once: CompiledPath | 0;
}

/** A path to nothing: the same nothing for the whole page. */
const PAGE: CompiledPath = ["event", "none"];

/** The main button or the middle one. */
const HAND: CompiledCondition = ["^[01]$", 0, ["event", "button"]];
const LINK: CompiledCondition = ["^http", 0, ["a[href]", "protocol"]];

/** The extensions that Google's tag calls a download. */
const DOWNLOAD =
  "\\.(pdf|xlsx?|docx?|txt|rtf|csv|exe|key|pp(s|t|tx)|7z|pkg|rar|gz|zip|avi|mov|mp4|mpe?g|wmv|midi?|mp3|wav|wma)$";

/** The host of the link is that of the page or below it; `www.` does not count. */
const OWN_HOST = "^(\\S+\\.)?(\\S+) (www\\d*\\.)?\\2$";

const CLICK: Occasion = { on: ["click", "auxclick"], when: [HAND], once: 0 };

/** A click on a link to a file. */
export const DOWNLOADED: Occasion = {
  ...CLICK,
  when: [HAND, LINK, [DOWNLOAD, 0, ["a[href]", "pathname"]]],
};

/** A click on a link to another host, not to a file. */
export const OUTBOUND: Occasion = {
  ...CLICK,
  when: [
    HAND,
    LINK,
    [DOWNLOAD, 1, ["a[href]", "pathname"]],
    [OWN_HOST, 1, ["a[href]", "hostname"], ["location", "hostname"]],
  ],
};

/** Somebody enters a form for the first time. */
export const FORM_BEGUN: Occasion = {
  on: ["focusin"],
  when: [["^form$", 0, ["form", "localName"]]],
  once: ["form"],
};

/** When what a trigger listens to has happened. */
export function occasionOf(on: TriggerDefinition["on"]): Occasion {
  switch (on.type) {
    case "page_view":
      return { on: ["page_view"], when: [], once: 0 };
    case "history_change":
      return { on: ["page_view"], when: [[".", 0, ["event", "event"]]], once: 0 };
    case "click":
      return CLICK;
    case "file_download":
      return DOWNLOADED;
    case "form_submit":
      return { on: ["submit"], when: [["false", 0, ["event", "defaultPrevented"]]], once: 0 };
    case "scroll":
      return { on: ["scroll"], when: [[on.percent - 0.01, 0, ["scroll"]]], once: PAGE };
    case "element_visible":
      return { on: ["look"], when: [], once: PAGE };
    case "timer":
      return { on: ["look"], when: [[on.seconds * 1000 - 1, 0, ["since"]]], once: PAGE };
    case "data_layer_event":
      return {
        on: ["data_layer"],
        when: [[toPattern("equals", on.name), 0, ["event", "event"]]],
        once: 0,
      };
    case "video":
      return occasionOfVideo(on.progress);
    case "js_error":
      // A picture that does not load is an error without a message.
      return { on: ["error"], when: [[".", 0, ["event", "message"]]], once: 0 };
  }
}

function occasionOfVideo(progress: string): Occasion {
  // Known by its length; a sound is played by the same events.
  const known = (percent: number): CompiledCondition[] => [
    ["^audio$", 1, ["video", "localName"]],
    [percent, 0, ["percent"]],
  ];
  if (progress === "complete") return { on: ["ended"], when: known(-1), once: ["video"] };
  const percent = progress === "start" ? -1 : Number(progress) - 0.01;
  // Seeking moves the time of a video that nobody plays.
  const playing: CompiledCondition = ["true", 1, ["video", "paused"]];
  return { on: ["timeupdate"], when: [...known(percent), playing], once: ["video"] };
}
