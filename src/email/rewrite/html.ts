import { decodeHTMLAttribute } from "entities";
import { UTM_KEYS, type UtmKey, type UtmParams } from "../utm.ts";
import { comparableUrl } from "./destination.ts";
import type { Attribute } from "./html-tags.ts";
import { createLinkJudge } from "./judge-link.ts";
import { type LinkPlace, NO_UTM } from "./link-list.ts";
import { linkText, tidy } from "./link-text.ts";
import { type AttributeReader, isOptedOut, tokens } from "./opt-out.ts";
import { DOWNSTREAM_OPT_OUTS, type RewriteOptions } from "./options.ts";
import { type Edit, type Plan, type PlanContext, type SkippedLink, slotQuery } from "./plan.ts";
import { type LinkSite, type Scan, scanHtml } from "./scan.ts";

/** Plans the HTML (or AMP) part: which spans change, and what is left alone for which reason. */
export function planHtml(html: string, context: PlanContext): Plan {
  const scan = scanHtml(html);
  const planner = createPlanner(html, scan, context);
  for (const site of scan.sites) planner.visit(site);
  const edits = [...planner.edits, ...planEnding(html, scan, context, planner.hasHoneypot())];
  return {
    // A link without an end tag may stand behind the last </body>.
    edits: edits.sort((a, b) => a.start - b.start),
    skipped: planner.skipped,
    leftAlone: planner.leftAlone,
  };
}

function createPlanner(html: string, scan: Scan, context: PlanContext) {
  const { options, links, warnings, readPiece = (piece: string) => piece } = context;
  const edits: Edit[] = [];
  const skipped: SkippedLink[] = [];
  const leftAlone = new Map<string, "opt_out" | "unsubscribe">();
  let honeypot = false;
  const base = findBase(html, scan, options);
  const judgeLink = createLinkJudge({ ...context, base, decode: decodeOnce });

  function visit(site: LinkSite): void {
    if (site.href) visitLink(site, site.href);
    else warnAboutHiddenHref(site);
  }

  function visitLink(site: LinkSite, href: Attribute): void {
    const raw = href.valueStart < 0 ? "" : html.slice(href.valueStart, href.valueEnd);
    const read = createReader(html, site.attributes, readPiece);
    const judged = judgeLink(raw, readHints(site, read), href.start);
    if ("reason" in judged) {
      const { url, reason } = judged;
      skipped.push({ url, reason, offset: href.start });
      if (reason === "opt_out" || reason === "unsubscribe") {
        leftAlone.set(comparableUrl(url), reason);
      }
      honeypot ||= reason === "already_tracked" && isHoneypot(read);
      return;
    }
    if (raw.includes("&amp;amp;")) warnings.add("double_encoded", href.start);
    const link = links.add(
      {
        url: judged.url,
        destination: judged.destination,
        hasSlots: judged.tags.length > 0,
        offset: href.start,
        name: tidy(read("data-link-name") ?? "") || null,
        text: linkText(html, site.contentStart, site.contentEnd, readPiece),
        ...readUtm(site.attributes, read),
      },
      placeOf(site, options),
    );
    addEdits(site, {
      start: href.valueStart,
      end: href.valueEnd,
      link,
      query: slotQuery(judged.tags, "&amp;"),
    });
  }

  function addEdits(site: LinkSite, link: Edit): void {
    const esp = options.downstream_opt_out;
    // Platforms wrap anchors only, and AMP refuses attributes that it does not know.
    if (esp && site.tag === "a" && options.part !== "amp") {
      const text = ` ${DOWNSTREAM_OPT_OUTS[esp]}`;
      edits.push({ start: site.nameEnd, end: site.nameEnd, text });
    }
    edits.push(link, ...removeOwnAttributes(html, site.attributes));
  }

  /** Once, as a mail client does; the option repairs what was encoded twice. */
  function decodeOnce(source: string): string {
    const piece = readPiece(source);
    const decoded = piece.includes("&") ? decodeHTMLAttribute(piece) : piece;
    return options.repair_double_amp ? decoded.replaceAll("&amp;", "&") : decoded;
  }

  function warnAboutHiddenHref(site: LinkSite): void {
    const last = site.attributes.at(-1);
    const tag = last ? html.slice(site.nameEnd, last.end) : "";
    if (/href/i.test(tag) && /\{\{|\{%|<%|\*\|/.test(tag)) {
      warnings.add("href_in_merge_tag", site.start);
    }
  }

  return { visit, edits, skipped, leftAlone, hasHoneypot: () => honeypot };
}

function placeOf({ conditional }: LinkSite, { part }: RewriteOptions): LinkPlace {
  if (part === "amp") return "amp";
  return conditional ? "conditional" : "html";
}

function readHints(site: LinkSite, read: AttributeReader) {
  const names = site.attributes.map((attribute) => attribute.name);
  return {
    optOut: isOptedOut(names, read),
    unsubscribe: tokens(read("rel")).includes("unsubscribe"),
  };
}

function isHoneypot(read: AttributeReader): boolean {
  return read("aria-hidden") === "true" && read("tabindex") === "-1";
}

function createReader(
  html: string,
  attributes: readonly Attribute[],
  readPiece: (piece: string) => string,
): AttributeReader {
  return (name) => {
    const found = attributes.find((attribute) => attribute.name === name);
    if (!found) return undefined;
    return found.valueStart < 0
      ? ""
      : decodeHTMLAttribute(readPiece(html.slice(found.valueStart, found.valueEnd)));
  };
}

function findBase(html: string, scan: Scan, options: RewriteOptions): string | undefined {
  const { base } = scan;
  const written = base && base.valueStart >= 0 ? html.slice(base.valueStart, base.valueEnd) : "";
  const href = decodeHTMLAttribute(written).trim();
  // A javascript: base would make every relative link run code.
  return /^https?:\/\//i.test(href) && URL.canParse(href) ? href : options.base_url;
}

const OWN_ATTRIBUTE = /^data-(utm|utm-(source|medium|campaign|term|content|id)|link-name)$/;
const OFF = /^(off|false|0)$/i;

function removeOwnAttributes(html: string, attributes: readonly Attribute[]): Edit[] {
  return attributes
    .filter(({ name }) => name.startsWith("data-") && OWN_ATTRIBUTE.test(name))
    .map(({ start, end }) => {
      const spaced = /\s/.test(html.charAt(start - 1));
      return { start: spaced ? start - 1 : start, end, text: "" };
    });
}

function readUtm(
  attributes: readonly Attribute[],
  read: AttributeReader,
): { utm: UtmParams; utmOff: boolean } {
  if (!attributes.some(({ name }) => name.startsWith("data-"))) return SAYS_NOTHING;
  const off = OFF.test(read("data-utm")?.trim() ?? "");
  const skips = read("data-skip-utm-params") !== undefined;
  const utm: Partial<Record<UtmKey, string>> = {};
  for (const key of UTM_KEYS) {
    const value = read(UTM_ATTRIBUTES[key]);
    if (value) utm[key] = value;
  }
  return { utm, utmOff: off || skips };
}

const SAYS_NOTHING = { utm: NO_UTM, utmOff: false };

const UTM_ATTRIBUTES: Readonly<Record<UtmKey, string>> = {
  utm_source: "data-utm-source",
  utm_medium: "data-utm-medium",
  utm_campaign: "data-utm-campaign",
  utm_term: "data-utm-term",
  utm_content: "data-utm-content",
  utm_id: "data-utm-id",
};

function planEnding(
  html: string,
  scan: Scan,
  { options, trackingBases, warnings }: PlanContext,
  hasHoneypot: boolean,
): Edit[] {
  const wantsPixel = options.open_pixel && !hasOpenPixel(html, trackingBases);
  const wantsHoneypot = options.honeypot && !hasHoneypot;
  if (options.part === "amp" || !(wantsPixel || wantsHoneypot)) return [];
  if (scan.cut) {
    warnings.add("cut_mail");
    return [];
  }
  const at = scan.bodyEnd < 0 ? html.length : scan.bodyEnd;
  const edits: Edit[] = [];
  if (wantsHoneypot) edits.push({ start: at, end: at, insert: "honeypot" });
  if (wantsPixel) edits.push({ start: at, end: at, insert: "open_pixel" });
  return edits;
}

function hasOpenPixel(html: string, trackingBases: readonly string[]): boolean {
  return trackingBases.some((base) => html.includes(`src="${base.replace(/\/+$/, "")}/o/`));
}
