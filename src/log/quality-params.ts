import type { Param } from "./event-entry.ts";

type Properties = Readonly<Record<string, unknown>>;

/** Segment's names of the same parameters. */
const SEGMENT_NAMES: Readonly<Record<string, readonly string[]>> = {
  transaction_id: ["order_id"],
  items: ["products"],
  value: ["revenue", "total"],
  search_term: ["query"],
  item_list_id: ["list_id"],
  method: ["type"],
};

/** A parameter's value under its own name or Segment's; undefined where it is missing or empty. */
export function paramOf(properties: Properties, name: string): unknown {
  let value: unknown = properties[name];
  if (isEmpty(value)) {
    const given = SEGMENT_NAMES[name]?.find((key) => !isEmpty(properties[key]));
    value = given === undefined ? undefined : properties[given];
  }
  // Segment's product events are the item themselves.
  return value === undefined && name === "items" && isItem(properties) ? [properties] : value;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === "string") return value.trim() === "";
  return Array.isArray(value) && value.length === 0;
}

/** Whether a value is of its parameter's type, also as text that can safely be read as it. */
export function matchesType(value: unknown, type: Param["type"]): boolean {
  switch (type) {
    case "number":
      return isNumeric(value);
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false";
    case "string":
      return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    case "items":
      return Array.isArray(value) && value.every(isWellTypedItem);
  }
}

function isNumeric(value: unknown): boolean {
  if (typeof value === "string") return /^\s*-?\d+(?:\.\d+)?\s*$/.test(value);
  return typeof value === "number" && Number.isFinite(value);
}

const ITEM_NUMBERS = new Set(["price", "quantity", "discount", "index"]);

function isWellTypedItem(item: unknown): boolean {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return false;
  return Object.entries(item).every(
    ([name, value]) => !ITEM_NUMBERS.has(name) || isEmpty(value) || isNumeric(value),
  );
}

const ITEM_NAMES = new Set(["item_id", "item_name", "product_id", "sku"]);

/** Whether an object names a product: an item needs an id or a name. */
function isItem(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, given]) => ITEM_NAMES.has(name) && !isEmpty(given));
}

/** Whether every item of a list has an id or a name. */
export function areNamedItems(items: unknown): boolean {
  if (!Array.isArray(items)) return true;
  return items.every((item) => isItem(item) || hasName(item));
}

/** Segment's products may carry only `name` or `id`. */
function hasName(item: unknown): boolean {
  if (typeof item !== "object" || item === null) return false;
  const { name, id } = { name: undefined, id: undefined, ...item };
  return !isEmpty(name) || !isEmpty(id);
}
