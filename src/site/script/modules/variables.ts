import type { Signal } from "../core.ts";

/**
 * Reads a variable of a trigger: one of what happened, one of the page, or by its prefix
 * `query.` (of the URL), `layer.` (the newest entry of the data layer that has it, a path with dots)
 * or `field.` (of the form that was submitted; never a password).
 */
export function readVariable(name: string, [, variables, target]: Signal): unknown {
  const [, source, path = ""] = /^(query|layer|field)\.(.+)/.exec(name) ?? [];
  if (source === "query") return new URLSearchParams(location.search).get(path);
  if (source === "layer") return readLayer(path.split("."));
  if (source === "field") return readField(target, path);
  // What was hit is often a picture or a word inside of what was meant.
  const element = target?.closest("a[href],button,[role=button]") ?? target;
  const known: Record<string, unknown> = {
    page_url: location.href,
    page_path: location.pathname,
    page_host: location.hostname,
    page_title: document.title,
    page_referrer: document.referrer,
    element_text: element?.textContent?.trim(),
    element_id: element?.id,
    element_classes: element?.getAttribute("class"),
    link_url: element instanceof HTMLAnchorElement ? element.href : undefined,
    ...variables,
  };
  return known[name];
}

function readLayer(path: readonly string[]): unknown {
  const layer: unknown = window.dataLayer;
  const values = (Array.isArray(layer) ? layer : []).map((entry: unknown) =>
    path.reduce((value: unknown, key) => Object(value)[key], entry),
  );
  return values.reverse().find((value) => value !== undefined);
}

function readField(form: Element | undefined, name: string): unknown {
  if (!(form instanceof HTMLFormElement)) return undefined;
  // By attribute: a field named "elements" hides the form's own property from no selector.
  const field = form.querySelector<HTMLInputElement>(`[name="${CSS.escape(name)}"]`);
  return field?.type === "password" ? undefined : field?.value;
}
