import { STANDARD_EVENTS } from "../../log/standard-events.ts";
import { describeOperator } from "../../site/triggers/describe.ts";
import type { Trigger } from "../../site/triggers/schema.ts";
import {
  OPERATORS,
  PARAMETER_TYPES,
  SCROLL_STEPS,
  type TriggerType,
  VIDEO_STEPS,
  variablesOf,
} from "../../site/triggers/vocabulary.ts";

/** One row of the form's conditions. */
interface ConditionRow {
  readonly variable: string;
  readonly operator: string;
  readonly value: string;
}

/** One row of the form's parameters. */
interface ParameterRow {
  readonly name: string;
  /** Empty for a constant. */
  readonly variable: string;
  readonly value: string;
  readonly type: string;
}

/** A trigger as its form holds it: all of it text, none of it checked. */
export interface TriggerForm {
  readonly type: TriggerType;
  readonly name: string;
  readonly enabled: boolean;
  readonly option: string;
  readonly event: string;
  readonly conditions: readonly ConditionRow[];
  readonly parameters: readonly ParameterRow[];
}

interface TypeText {
  readonly label: string;
  readonly hint: string;
  /** The one thing that this type has to be told, beside the conditions. */
  readonly option?: {
    readonly key: "selector" | "percent" | "seconds" | "name" | "progress";
    readonly label: string;
    readonly isRequired: boolean;
    readonly placeholder?: string;
    readonly choices?: readonly string[];
    readonly isNumber?: true;
  };
}

/** How each type of trigger is called and explained. */
export const TYPE_TEXTS: Record<TriggerType, TypeText> = {
  page_view: { label: "Page view", hint: "A page is opened, also without a load." },
  click: {
    label: "Click",
    hint: "A link, a button or anything else is clicked.",
    option: {
      key: "selector",
      label: "On the element (CSS selector)",
      isRequired: false,
      placeholder: "#buy, .menu a",
    },
  },
  form_submit: {
    label: "Form submit",
    hint: "A form is sent off. What was typed stays unread unless you map a field.",
    option: {
      key: "selector",
      label: "Of the form (CSS selector)",
      isRequired: false,
      placeholder: "#newsletter",
    },
  },
  scroll: {
    label: "Scroll",
    hint: "A page is scrolled so far down.",
    option: {
      key: "percent",
      label: "Percent of the page",
      isRequired: true,
      choices: SCROLL_STEPS.map(String),
      isNumber: true,
    },
  },
  element_visible: {
    label: "Element visible",
    hint: "Half of an element has come into view, once a page.",
    option: {
      key: "selector",
      label: "The element (CSS selector)",
      isRequired: true,
      placeholder: "#prices",
    },
  },
  timer: {
    label: "Timer",
    hint: "So much time has passed on a page.",
    option: {
      key: "seconds",
      label: "Seconds",
      isRequired: true,
      placeholder: "30",
      isNumber: true,
    },
  },
  history_change: {
    label: "History change",
    hint: "The address changes without a load, as in single-page sites.",
  },
  data_layer_event: {
    label: "Data layer event",
    hint: "The site or a tag manager pushes an event of this name.",
    option: {
      key: "name",
      label: "Name of the event",
      isRequired: true,
      placeholder: "quote_requested",
    },
  },
  file_download: {
    label: "File download",
    hint: "A link to a document, archive, sound or film is clicked.",
  },
  video: {
    label: "Video",
    hint: "A video of the page, of YouTube or of Vimeo is played so far.",
    option: { key: "progress", label: "Progress", isRequired: true, choices: VIDEO_STEPS },
  },
  js_error: { label: "JavaScript error", hint: "A script of the page fails." },
};

/** An empty form for a new trigger. */
export function emptyTriggerForm(type: TriggerType): TriggerForm {
  const option = TYPE_TEXTS[type].option?.choices?.[0] ?? "";
  return { type, name: "", enabled: true, option, event: "", conditions: [], parameters: [] };
}

/** The form that shows a trigger. */
export function toTriggerForm({
  name,
  enabled,
  on,
  event,
  conditions,
  parameters,
}: Trigger): TriggerForm {
  const key = TYPE_TEXTS[on.type].option?.key;
  return {
    type: on.type,
    name,
    enabled,
    option: key === undefined ? "" : String(Reflect.get(on, key) ?? ""),
    event,
    conditions: conditions.map(({ variable, operator, value = "" }) => ({
      variable,
      operator,
      value: String(value),
    })),
    parameters: parameters.map(({ name: parameter, variable = "", value = "", type }) => ({
      name: parameter,
      variable,
      value: String(value),
      type,
    })),
  };
}

/** Reads a form as it was sent; rows without a variable or a name are none. */
export function readTriggerForm(type: TriggerType, form: URLSearchParams): TriggerForm {
  const column = (name: string): string[] => form.getAll(name).map((text) => text.trim());
  const [operators, values] = [column("operator"), column("value")];
  const conditionNames = column("condition_name");
  const [sources, details, types] = [column("source"), column("detail"), column("type")];
  return {
    type,
    name: form.get("name")?.trim() ?? "",
    enabled: form.has("enabled"),
    option: form.get("option")?.trim() ?? "",
    event: form.get("event")?.trim() ?? "",
    conditions: column("variable").flatMap((variable, row) =>
      variable === ""
        ? []
        : [
            {
              variable: withName(variable, conditionNames[row]),
              operator: operators[row] ?? "",
              value: values[row] ?? "",
            },
          ],
    ),
    parameters: column("parameter").flatMap((name, row) =>
      name === ""
        ? []
        : [
            {
              name,
              variable: withName(sources[row] ?? "", details[row]),
              value: sources[row] === "" ? (details[row] ?? "") : "",
              type: types[row] ?? "text",
            },
          ],
    ),
  };
}

/** The body that the API would take; what is missing or wrong there is for its schema to say. */
export function toDefinition(form: TriggerForm): unknown {
  const { option } = TYPE_TEXTS[form.type];
  const given = option?.isNumber && form.option !== "" ? Number(form.option) : form.option;
  return {
    name: form.name,
    enabled: form.enabled,
    on: {
      type: form.type,
      ...(option && (option.isRequired || form.option) ? { [option.key]: given } : {}),
    },
    conditions: form.conditions.map(({ variable, operator, value }) => ({
      variable,
      operator,
      ...(operator.endsWith("present") ? {} : { value }),
    })),
    event: form.event,
    parameters: form.parameters.map(({ name, variable, value, type }) => ({
      name,
      type,
      ...(variable ? { variable } : { value }),
    })),
  };
}

/** What the template of the form needs: the rows, an empty one more of each, and all choices. */
export function toFormView(form: TriggerForm) {
  const { label, hint, option } = TYPE_TEXTS[form.type];
  const conditions = [...form.conditions, { variable: "", operator: "contains", value: "" }];
  const parameters = [...form.parameters, { name: "", variable: "", value: "", type: "text" }];
  return {
    ...form,
    label,
    hint,
    choice: option && {
      label: option.label,
      isRequired: option.isRequired,
      placeholder: option.placeholder ?? "",
      isNumber: option.isNumber === true,
      choices: option.choices?.map((value) => ({ value, isOn: value === form.option })) ?? null,
    },
    rows: conditions.map((row, index) => ({
      ...row,
      position: index + 1,
      namedAs: nameIn(row.variable),
      variables: choicesOf(variableChoices(form.type), prefixOf(row.variable)),
      operators: OPERATORS.map((value) => ({
        value,
        label: describeOperator(value),
        isOn: value === row.operator,
      })),
    })),
    parameterRows: parameters.map((row, index) => ({
      ...row,
      position: index + 1,
      detail: row.variable ? nameIn(row.variable) : row.value,
      sources: choicesOf(variableChoices(form.type), prefixOf(row.variable)),
      types: PARAMETER_TYPES.map((value) => ({ value, isOn: value === row.type })),
    })),
    events: [...STANDARD_EVENTS.keys()],
    names: parameterNamesOf(form.event),
  };
}

const PREFIX = /^(query|layer|field)\./;

/** Variables that have a name of their own carry it in a field beside the list. */
function withName(variable: string, name = ""): string {
  return /^(query|layer|field)\.$/.test(variable) ? variable + name : variable;
}

function prefixOf(variable: string): string {
  return PREFIX.exec(variable)?.[0] ?? variable;
}

function nameIn(variable: string): string {
  return PREFIX.test(variable) ? variable.replace(PREFIX, "") : "";
}

function variableChoices(type: TriggerType): [value: string, label: string][] {
  const known = variablesOf(type).map((name): [string, string] => [
    name,
    name.replaceAll("_", " "),
  ]);
  return [
    ...known,
    ["query.", "URL parameter …"],
    ["layer.", "data layer …"],
    ...(type === "form_submit" ? [["field.", "form field …"] as [string, string]] : []),
  ];
}

function choicesOf(choices: readonly [string, string][], chosen: string) {
  return choices.map(([value, label]) => ({ value, label, isOn: value === chosen }));
}

/** What the event is known to carry, for the list that the browser offers. */
function parameterNamesOf(event: string): string[] {
  const known = STANDARD_EVENTS.get(event);
  if (!known) return ["value", "currency", "email"];
  return [...known.required, ...known.conditional, ...known.optional].map(({ name }) => name);
}
