import type { TriggerDefinition } from "./schema.ts";
import { type Operator, readOperator } from "./vocabulary.ts";

const WORDS: Record<string, readonly [is: string, isNot: string]> = {
  equals: ["is", "is not"],
  contains: ["contains", "does not contain"],
  starts_with: ["starts with", "does not start with"],
  ends_with: ["ends with", "does not end with"],
  matches: ["matches", "does not match"],
  present: ["is there", "is not there"],
  greater_than: ["is greater than", "is not greater than"],
};

/** An operator in words: `does not start with`. */
export function describeOperator(operator: Operator): string {
  const { comparison, isNegated } = readOperator(operator);
  return WORDS[comparison]?.[isNegated ? 1 : 0] ?? operator;
}

/** A condition in words: `page_path starts with “/pricing”`. */
export function describeCondition({
  variable,
  operator,
  value,
}: TriggerDefinition["conditions"][number]): string {
  const compared = value === undefined || value === "" ? "" : ` “${value}”`;
  return `${variable} ${describeOperator(operator)}${compared}`;
}

/** What a trigger listens to, in words: `click on #buy`. */
export function describeOn(on: TriggerDefinition["on"]): string {
  switch (on.type) {
    case "page_view":
      return "page view";
    case "click":
      return on.selector ? `click on ${on.selector}` : "click on anything";
    case "form_submit":
      return on.selector ? `form ${on.selector} submitted` : "any form submitted";
    case "scroll":
      return `scrolled to ${on.percent} %`;
    case "element_visible":
      return `${on.selector} comes into view`;
    case "timer":
      return `${on.seconds} s on the page`;
    case "history_change":
      return "history change";
    case "data_layer_event":
      return `data layer event ${on.name}`;
    case "file_download":
      return "file download";
    case "video":
      return /^\d/.test(on.progress) ? `video played to ${on.progress} %` : `video ${on.progress}`;
    case "js_error":
      return "JavaScript error";
  }
}
