/** The variable's text fits the pattern, or its number is greater; or, negated, it is not so. */
export type CompiledCondition = readonly [variable: string, test: string | number, negated: 0 | 1];

/** Text, number, boolean (yes or no), or whatever it is: a list of items. */
export type CompiledType = "t" | "n" | "b" | "i";

/** A parameter of the event: a constant, or a variable and the type it is sent as. */
export type CompiledParameter =
  | readonly [name: string, constant: string | number | boolean]
  | readonly [name: string, variable: string, type: CompiledType];

/** A trigger as the service sends it to the script: nothing in it is code. */
export type CompiledTrigger = readonly [
  signal: string,
  /** A CSS selector, or the seconds of a timer; 0 where there is none. */
  option: string | number,
  conditions: readonly CompiledCondition[],
  event: string,
  parameters: readonly CompiledParameter[],
];

/** A file to load beside the script: address, what it is told, and the elements that need it. */
export type ModuleToLoad = readonly [file: string, argument: unknown, selector?: string];

/** What the script asks the service for: `GET /t/<write key>.json`. */
export interface SiteSettings {
  /** The one type of call that is sent, by the site's switch; missing sends all. */
  readonly only?: "page" | "none";
  readonly modules: readonly ModuleToLoad[];
}

/** What the panel of a preview is told. */
export interface PreviewArgument {
  /** Why there is nothing to preview; empty while the link is good. */
  readonly problem: string;
  /** In the order of the compiled triggers: name, and each condition in words. */
  readonly triggers: readonly { readonly name: string; readonly conditions: readonly string[] }[];
}
