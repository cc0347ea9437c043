import { compile } from "css-select";
import { DomUtils, parseDocument } from "htmlparser2";

type DomNode = ReturnType<typeof parseDocument>["children"][number];
/** An element of a parsed page. */
export type Element = NonNullable<ReturnType<typeof DomUtils.findOne>>;

/** Pages are some 60 tags deep. Whoever has the public key can send more, and each costs time at the door. */
const MAX_TAGS = 300;

/**
 * Reads the markup of a link as the script writes it: every tag around it, empty, from the outermost to the
 * innermost, then the link with what is in it.
 *
 * @returns the link, inside of those around it; undefined where the last one is no link, or there are over 300 tags
 */
export function readLink(html: string): Element | undefined {
  if (html.split("<", MAX_TAGS + 2).length > MAX_TAGS + 1) return undefined;
  const elements = parseDocument(html).children.filter(DomUtils.isTag);
  for (const [index, element] of elements.entries()) {
    const around = elements[index - 1];
    DomUtils.removeElement(element);
    if (around) DomUtils.appendChild(around, element);
  }
  const link = elements.at(-1);
  return link?.name === "a" ? link : undefined;
}

/** What asks for an element's neighbours or its place, outside of quotes and brackets. */
const NEIGHBOURS = /[:+~]/;

/**
 * The element around another that fits a CSS selector, or that itself.
 *
 * @throws {Error} for a selector that is none, or asks for more than the elements around
 */
export function closest(element: Element, selector: string): Element | undefined {
  const bare = selector.replace(/\\./g, "").replace(/"[^"]*"|'[^']*'/g, "");
  if (NEIGHBOURS.test(bare.replace(/\[[^\]]*\]/g, ""))) throw new Error(`unknown: ${selector}`);
  const fits = compile<DomNode, Element>(selector);
  for (let around: Element | null = element; around; around = parentOf(around)) {
    if (fits(around)) return around;
  }
  return undefined;
}

function parentOf({ parent }: Element): Element | null {
  return parent && DomUtils.isTag(parent) ? parent : null;
}

/** An element with the properties that a browser gives it, as far as rules ask for them. */
export function describeElement(element: Element, base: string): Record<string, unknown> {
  const { attribs, name } = element;
  const href = attribs["href"];
  const url = href !== undefined && URL.canParse(href, base) ? new URL(href, base) : undefined;
  return {
    localName: name,
    id: attribs["id"] ?? "",
    classList: { value: attribs["class"] ?? "" },
    textContent: DomUtils.textContent(element),
    attributes: Object.fromEntries(
      Object.entries(attribs).map(([attribute, value]) => [attribute, { value }]),
    ),
    href: url?.href ?? href,
    protocol: url?.protocol,
    hostname: url?.hostname,
    pathname: url?.pathname,
  };
}
