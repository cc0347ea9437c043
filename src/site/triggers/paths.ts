import type { CompiledPath, CompiledType } from "../script/compiled.ts";

/** What a person means to hit, when what is hit is a picture or a word inside of it. */
const ACTION = "a[href],button,[role=button]";

/** A step that takes the whole part of a number; of what is none, nothing. */
const WHOLE = " ^(\\d+)";

const LINK = "a[href]";
const attributeOf = (root: string, name: string): CompiledPath => [
  root,
  "attributes",
  name,
  "value",
];

/** Where the script finds each variable. Attributes of forms, because a field named "id" hides the form's own property. */
const PATHS: Readonly<Record<string, CompiledPath>> = {
  page_url: ["location", "href"],
  page_path: ["location", "pathname"],
  page_host: ["location", "hostname"],
  page_title: ["document", "title"],
  page_referrer: ["document", "referrer"],
  element_text: [ACTION, "textContent"],
  element_id: [ACTION, "id"],
  element_classes: [ACTION, "classList", "value"],
  // The address of an SVG link is an object, which as text begins with a bracket.
  link_url: [ACTION, "href", " ^([^[].*)"],
  link_domain: [LINK, "hostname"],
  link_id: [LINK, "id"],
  link_classes: [LINK, "classList", "value"],
  link_text: [LINK, "textContent", " ^\\s*(.{0,100})"],
  file_name: [LINK, "pathname", " ([^/]*)$"],
  file_extension: [LINK, "pathname", " \\.(\\w+)$"],
  form_id: attributeOf("form", "id"),
  form_name: attributeOf("form", "name"),
  form_destination: [...attributeOf("form", "action"), ""],
  form_length: ["form", "elements", "length"],
  form_submit_text: ["event", "submitter", "textContent"],
  form_ms: ["since", WHOLE],
  form_honeypot: ["[data-clicktrail-honeypot]", "value", " (.)"],
  email: ["[data-clicktrail-email]", "value", " (.+)"],
  first_field_id: ["event", "target", "attributes", "id", "value"],
  first_field_name: ["event", "target", "attributes", "name", "value"],
  first_field_type: ["event", "target", "attributes", "type", "value"],
  first_field_position: ["position"],
  percent_scrolled: ["scroll"],
  video_percent: ["percent"],
  video_current_time: ["video", "currentTime", WHOLE],
  video_duration: ["video", "duration", WHOLE],
  video_provider: ["provider"],
  video_title: ["video", "title"],
  video_url: ["video", "currentSrc"],
  // "visible" or "hidden".
  visible: ["document", "visibilityState", " ^(v|)"],
  event: ["event", "event"],
  error_message: ["event", "message"],
  error_source: ["event", "filename"],
  error_line: ["event", "lineno"],
};

const TYPES: Readonly<Record<string, CompiledType>> = {
  file_extension: "l",
  form_length: "n",
  form_ms: "n",
  form_honeypot: "b",
  first_field_position: "n",
  video_current_time: "n",
  video_duration: "n",
  visible: "b",
};

/** Where the script finds a variable; also those behind a prefix, as `query.plan`, `layer.cart.value`, `field.email`. */
export function pathOf(variable: string): CompiledPath {
  const [, source, name = ""] = /^(query|layer|field)\.(.+)$/s.exec(variable) ?? [];
  if (source === "query") return ["query", name];
  if (source === "layer") return ["layer", ...name.split(".")];
  if (source === "field") {
    return [`[name="${name.replace(/["\\]/g, "\\$&")}"]:not([type=password])`, "value"];
  }
  return PATHS[variable] ?? ["event", variable];
}

/** The type that a variable is sent as if nobody says otherwise. */
export function typeOf(variable: string): CompiledType {
  return TYPES[variable] ?? "t";
}
