import type { JsonObject } from "./json-object.ts";
import { objectOf } from "./json-object.ts";

/** What we mint is 21 letters and digits; the room is for what other versions may mint. */
const CLICK_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Finds and removes the click parameter of one name. */
export interface ClickParameter {
  /** The click an event landed from: given by name, or read from the page's URL or query. */
  find(message: JsonObject, context: JsonObject, properties: JsonObject): string | null;
  /** A text without the parameter wherever a URL in it carries it, and otherwise byte for byte the same. */
  strip(text: string): string;
  /** Properties without the parameter itself; the same object when it is not there. */
  drop(properties: JsonObject): JsonObject;
}

/** @param name as the redirect adds it, `CLICK_PARAM` */
export function createClickParameter(name: string): ClickParameter {
  const mark = `${name}=`;
  const inUrl = new RegExp(`[?&#]${escapeRegExp(name)}=([^&#\\s"'<>]*)`);
  const value = "[^&#\\s\"'<>]*";
  const everywhere = new RegExp(
    `([?&#])(?:${escapeRegExp(name)}=${value}(?:&|(?=[#\\s"'<>]|$)))+`,
    "g",
  );

  function read(url: unknown): string | null {
    if (typeof url !== "string" || !url.includes(mark)) return null;
    return clickId(inUrl.exec(url)?.[1]);
  }

  return {
    find(message, context, properties) {
      const page = objectOf(context["page"]);
      return (
        clickId(message["click_id"]) ??
        clickId(context["click_id"]) ??
        clickId(properties[name]) ??
        read(page["url"]) ??
        read(page["search"]) ??
        read(properties["url"]) ??
        read(properties["search"]) ??
        read(properties["page_location"])
      );
    },
    strip(text) {
      if (!text.includes(mark)) return text;
      // Alone it takes its "?" or "#" along; before another parameter it leaves it to that one.
      return text.replace(everywhere, (all, before: string) => (all.endsWith("&") ? before : ""));
    },
    drop(properties) {
      if (!(name in properties)) return properties;
      const { [name]: _click, ...rest } = properties;
      return rest;
    },
  };
}

function clickId(value: unknown): string | null {
  return typeof value === "string" && CLICK_ID.test(value) ? value : null;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
