/**
 * Text that both engines keep whole: NUL and lone surrogates become U+FFFD.
 *
 * A NUL truncates text in SQLite and is error 22021 in PostgreSQL, whose jsonb refuses both.
 */
export function toStorableText(text: string): string {
  const clean = text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text;
  return clean.isWellFormed() ? clean : clean.toWellFormed();
}

/**
 * The same for every string and key of a JSON value; the value itself is not changed.
 *
 * Keys become own properties even when they read `__proto__`.
 */
export function toStorableJson<T>(value: T): T;
export function toStorableJson(value: unknown): unknown {
  if (typeof value === "string") return toStorableText(value);
  if (Array.isArray(value)) return value.map((item) => toStorableJson(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [toStorableText(key), toStorableJson(item)]),
  );
}
