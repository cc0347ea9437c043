import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import Handlebars from "handlebars";
import { isolate } from "../lib/isolate.ts";
import { formatMoney, formatNumber, formatTime, type TimeStyle } from "./format.ts";

/** Fills a template with a view; everything in the view is escaped. */
export type Render = (template: string, view: object) => string;

const FOLDER = fileURLToPath(new URL("../../templates/", import.meta.url));

/**
 * Compiles every template of `templates/` once. A file `_name.hbs` is the partial `name`.
 *
 * Strict: a field that the view lacks is an error, not an empty text. Templates are ours; text of
 * callers only ever enters as values, and there is no `{{{raw}}}` in any of them.
 */
export function createRender(folder: string = FOLDER): Render {
  const engine = Handlebars.create();
  registerHelpers(engine);
  const templates = new Map<string, Handlebars.TemplateDelegate>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".hbs"))) {
    const template = engine.compile(readFileSync(path.join(folder, file), "utf8"), {
      strict: true,
      preventIndent: true,
      explicitPartialContext: false,
    });
    const name = path.basename(file, ".hbs");
    if (name.startsWith("_")) engine.registerPartial(name.slice(1), template);
    else templates.set(name, template);
  }
  return (name, view) => {
    const template = templates.get(name);
    if (!template) throw new Error(`There is no template "${name}".`);
    return template(view);
  };
}

/** Marks markup that a template of ours made, so that a layout takes it as it is. */
export function markup(html: string): Handlebars.SafeString {
  return new Handlebars.SafeString(html);
}

function registerHelpers(engine: typeof Handlebars): void {
  engine.registerHelper({
    time: (iso: string, zone: string, style: TimeStyle) => {
      const { escapeExpression } = Handlebars;
      return markup(
        `<time datetime="${escapeExpression(iso)}">${escapeExpression(formatTime(iso, zone, style))}</time>`,
      );
    },
    // For what holds plain text only: attributes and the title. Elsewhere stands <bdi>.
    isolate,
    money: (minor: number, currency: string) => formatMoney(minor, currency),
    number: (value: number) => formatNumber(value),
    plural: (value: number, one: string, many: string) =>
      `${formatNumber(value)} ${value === 1 ? one : many}`,
  });
}
