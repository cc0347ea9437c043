/**
 * Where a value is found: a path of properties, from one of
 * - `location`, `document`, `event` (what happened), `query` (of the URL), `layer` (the newest entry of the data layer that
 *   has it), `scroll` and `percent` (how far the page is scrolled, a video played), `provider` (of a video), `position` (of a
 *   field in its form), `since` (milliseconds since the form was begun, or the page viewed);
 * - or a CSS selector: the element around what it happened to, or that itself; with a `[` in front, the element inside of it.
 *
 * A step that begins with a space is a pattern, whose first group is taken; an empty one makes an absolute URL.
 */
export type CompiledPath = readonly [root: string, ...steps: string[]];

/**
 * The values, with a space between them, fit the pattern, or their number is greater; or, negated, it is not so.
 */
export type CompiledCondition = readonly [
  test: string | number,
  negated: 0 | 1,
  ...values: CompiledPath[],
];

/** Text, number, boolean (yes or no), text in lower case, or whatever it is: a list of items. */
export type CompiledType = "t" | "n" | "b" | "l" | "i";

/** A parameter of the event: a constant, or where its value is and the type it is sent as. */
export type CompiledParameter =
  | readonly [name: string, constant: string | number | boolean, type?: undefined]
  | readonly [name: string, value: CompiledPath, type: CompiledType];

/** A trigger as the service sends it to the script: nothing in it is code. */
export type CompiledTrigger = readonly [
  /** The types of what it listens to: those of the browser's events, and some of the script's own. */
  on: readonly string[],
  /** What its kind asks for. What does not fit never counts as having happened. */
  when: readonly CompiledCondition[],
  /** It happens once a page, or once for each value found there. */
  once: CompiledPath | 0,
  /** A CSS selector; 0 where there is none. */
  selector: string | 0,
  conditions: readonly CompiledCondition[],
  event: string,
  parameters: readonly CompiledParameter[],
  /** Its place in a preview's list. */
  index?: number,
];

/** A player in a frame: who provides it, a CSS selector for its frames, and what they are asked before they tell. */
export type EmbeddedPlayer = readonly [
  provider: string,
  selector: string,
  questions: readonly unknown[],
];

/** A file to load beside the script, and what it is told. */
export type ModuleToLoad = readonly [file: string, argument: unknown];

/** What the script asks the service for: `GET /t/<write key>.json`. */
export interface SiteSettings {
  /** The one type of call that is sent, by the site's switch; empty where no module judges what happens; missing sends all. */
  readonly only?: "page" | "none" | "";
  readonly modules: readonly ModuleToLoad[];
}

/** What the panel of a preview is told. */
export interface PreviewArgument {
  /** Why there is nothing to preview; empty while the link is good. */
  readonly problem: string;
  /** In the order of the compiled triggers: name, and each condition in words. */
  readonly triggers: readonly { readonly name: string; readonly conditions: readonly string[] }[];
}
