/** A JSON object of unknown shape. */
export type JsonObject = Record<string, unknown>;

/** Whether a JSON value is an object and no array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value if it is an object, else an empty one. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The value if it is a non-empty string, else null. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** The named members of an object that are there and not null, in that order. */
export function pick(object: JsonObject, names: readonly string[]): JsonObject {
  const picked: JsonObject = {};
  for (const name of names) {
    const value = object[name];
    if (value !== undefined && value !== null) picked[name] = value;
  }
  return picked;
}

/**
 * Every string of a JSON value (keys too) passed through `change`.
 *
 * What nothing changes in is returned as it is: most events hold no text to change, and copying them
 * cost a tenth of the whole door. Keys like `__proto__` are refused before (`limits.ts`).
 */
export function mapText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) {
    const mapped = value.map((item) => mapText(item, change));
    return mapped.some((item, at) => item !== value[at]) ? mapped : value;
  }
  return isObject(value) ? mapMembers(value, change) : value;
}

function mapMembers(object: JsonObject, change: (text: string) => string): JsonObject {
  let mapped: JsonObject | undefined;
  for (const key in object) {
    const newKey = change(key);
    const newItem = mapText(object[key], change);
    if (newKey === key && newItem === object[key]) continue;
    // A changed value keeps its place; a changed key goes to the end.
    mapped ??= { ...object };
    if (newKey !== key) delete mapped[key];
    mapped[newKey] = newItem;
  }
  return mapped ?? object;
}
