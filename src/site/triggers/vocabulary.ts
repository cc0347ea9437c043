/** What a trigger listens to, by its name in the API. */
export const TRIGGER_TYPES = [
  "page_view",
  "click",
  "form_submit",
  "scroll",
  "element_visible",
  "timer",
  "history_change",
  "data_layer_event",
  "file_download",
  "video",
  "js_error",
] as const;

export type TriggerType = (typeof TRIGGER_TYPES)[number];

/** How far a page can be scrolled for the script to say so, in percent. */
export const SCROLL_STEPS = [25, 50, 75, 90] as const;

/** How far a video can be played for the script to say so: its start, percent, its end. */
export const VIDEO_STEPS = ["start", "10", "25", "50", "75", "complete"] as const;

/** How a variable is compared; each also exists negated, as `not_equals`. */
const COMPARISONS = [
  "equals",
  "contains",
  "starts_with",
  "ends_with",
  "matches",
  "present",
  "greater_than",
] as const;

export type Comparison = (typeof COMPARISONS)[number];
export type Operator = Comparison | `not_${Comparison}`;

export const OPERATORS: readonly Operator[] = COMPARISONS.flatMap((name): Operator[] => [
  name,
  `not_${name}`,
]);

/** Splits `not_equals` into `equals` and the negation. */
export function readOperator(operator: Operator): { comparison: Comparison; isNegated: boolean } {
  const comparison = COMPARISONS.find((name) => operator === name || operator === `not_${name}`);
  return { comparison: comparison ?? "equals", isNegated: operator !== comparison };
}

/** How a parameter is sent. `items` sends a list of the data layer as it is. */
export const PARAMETER_TYPES = ["text", "number", "boolean", "items"] as const;

const ELEMENT = ["element_text", "element_id", "element_classes"];
const FORM = ["form_id", "form_name", "form_destination", "form_submit_text"];
const VIDEO = ["video_title", "video_url", "video_provider", "video_percent", "video_duration"];

/** Known on every page. */
const PAGE = ["page_url", "page_path", "page_host", "page_title", "page_referrer"];

/** Known only when this has happened. */
const BY_TYPE: Record<TriggerType, readonly string[]> = {
  page_view: [],
  click: [...ELEMENT, "link_url"],
  form_submit: [...ELEMENT, ...FORM],
  scroll: ["percent_scrolled"],
  element_visible: [...ELEMENT, "link_url"],
  timer: [],
  history_change: [],
  data_layer_event: ["event"],
  file_download: [...ELEMENT, "link_url", "link_text", "file_name", "file_extension"],
  video: VIDEO,
  js_error: ["error_message", "error_source", "error_line"],
};

/** Variables with a name of their own behind a dot: `query.utm_source`, `layer.ecommerce.value`, `field.email`. */
const NAMED = /^(query|layer|field)\.[^\s"'<>]{1,100}$/;

/** The variables that a trigger of this type knows, those with a name of their own aside. */
export function variablesOf(type: TriggerType): readonly string[] {
  return [...BY_TYPE[type], ...PAGE];
}

/** What is wrong with a variable for a trigger of this type, as a sentence; undefined if nothing is. */
export function findVariableProblem(variable: string, type: TriggerType): string | undefined {
  if (variablesOf(type).includes(variable)) return undefined;
  if (NAMED.test(variable)) {
    if (!variable.startsWith("field.") || type === "form_submit") return undefined;
    return "A field of a form is only known to a trigger on form_submit.";
  }
  const knows = TRIGGER_TYPES.filter((other) => BY_TYPE[other].includes(variable));
  if (knows.length > 0) {
    return `"${variable}" is only known to a trigger on ${knows.join(", ")}.`;
  }
  const known = variablesOf(type).join(", ");
  return `Unknown variable "${variable.slice(0, 64)}". Known: ${known}, query.…, layer.…, field.….`;
}
