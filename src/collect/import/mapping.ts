import { AppError } from "../../lib/errors.ts";
import type { JsonObject } from "../json-object.ts";

export type ImportKind = "events" | "contacts";

/** Column to field of a call: `userId`, `event`, `properties.plan`, …; null leaves the column out. */
export type Mapping = ReadonlyMap<string, string | null>;

/** Fields that a column may go to whole; any other goes to `properties.…`, `traits.…` or `context.…`. */
const FIELDS = [
  "type",
  "event",
  "userId",
  "anonymousId",
  "previousId",
  "groupId",
  "email",
  "name",
  "timestamp",
  "messageId",
  "url",
  "properties",
  "traits",
  "context",
] as const;

/** How common exports name them, in lower case without punctuation. */
const ALIASES: Readonly<Record<string, string>> = {
  userid: "userId",
  customerid: "userId",
  contactid: "userId",
  distinctid: "userId",
  externalid: "userId",
  anonymousid: "anonymousId",
  visitorid: "anonymousId",
  deviceid: "anonymousId",
  clientid: "anonymousId",
  previousid: "previousId",
  groupid: "groupId",
  email: "email",
  emailaddress: "email",
  useremail: "email",
  type: "type",
  event: "event",
  eventname: "event",
  eventtype: "event",
  action: "event",
  timestamp: "timestamp",
  originaltimestamp: "timestamp",
  time: "timestamp",
  date: "timestamp",
  eventtime: "timestamp",
  occurredat: "timestamp",
  createdat: "timestamp",
  messageid: "messageId",
  eventid: "messageId",
  insertid: "messageId",
  uuid: "messageId",
  url: "url",
  pageurl: "url",
  properties: "properties",
  traits: "traits",
  context: "context",
};

/** In a list of contacts these mean something else than in a list of events. */
const CONTACT_ALIASES: Readonly<Record<string, string>> = {
  id: "userId",
  signedupat: "timestamp",
  subscribedat: "timestamp",
  timeadded: "timestamp",
  optintime: "timestamp",
};

const CONTACT_FIELDS = new Set([
  "userId",
  "anonymousId",
  "email",
  "timestamp",
  "messageId",
  "traits",
]);

/**
 * Says where each column goes: as given, else by its name, else to a property (of a contact: a trait).
 *
 * @param given `column=field`; an empty field leaves the column out
 * @throws {AppError} `invalid_query` (422) for a field there is not, or a column the file has not
 */
export function createMapping(
  kind: ImportKind,
  columns: readonly string[],
  given: readonly string[],
): Mapping {
  const asked = new Map(given.map((pair) => readPair(pair, columns)));
  const taken = new Set(asked.values());
  return new Map(
    columns.map((column) => {
      const given = asked.get(column);
      if (given !== undefined) return [column, given];
      const field = fieldOf(kind, column, taken);
      taken.add(field);
      return [column, field];
    }),
  );
}

function readPair(pair: string, columns: readonly string[]): [string, string | null] {
  const cut = pair.lastIndexOf("=");
  const column = pair.slice(0, cut);
  const field = pair.slice(cut + 1).trim();
  if (cut < 1) throw wrong(`Expected --map column=field, got "${pair}".`);
  if (!columns.includes(column)) {
    throw wrong(`There is no column "${column}"; there are ${columns.join(", ")}.`);
  }
  if (field === "") return [column, null];
  if (isField(field)) return [column, field];
  throw wrong(
    `There is no field "${field}"; there are ${FIELDS.join(", ")}. What is an event's own is properties.${field}, a person's traits.${field}.`,
  );
}

function isField(field: string): boolean {
  return FIELDS.some((known) => known === field) || /^(properties|traits|context)\../.test(field);
}

/** A field that another column has is not taken from it: this one is a property then. */
function fieldOf(
  kind: ImportKind,
  column: string,
  taken: ReadonlySet<string | null>,
): string | null {
  // The numbers of the rows, as tables are often exported.
  if (column === "") return null;
  if (/^(properties|traits|context)\../.test(column)) return column;
  const plain = column.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const bag = kind === "contacts" ? "traits" : "properties";
  const alias =
    (kind === "contacts" ? lookUp(CONTACT_ALIASES, plain) : undefined) ?? lookUp(ALIASES, plain);
  if (alias === undefined || taken.has(alias)) return `${bag}.${column}`;
  return kind === "events" || CONTACT_FIELDS.has(alias) ? alias : `${bag}.${column}`;
}

function lookUp(names: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

function wrong(message: string): AppError {
  return new AppError("invalid_query", 422, message);
}

/** Puts a row's cells where the mapping says; empty cells add nothing. */
export function mapRow(row: JsonObject, mapping: Mapping): JsonObject {
  const call: JsonObject = {};
  for (const [column, value] of Object.entries(row)) {
    const field = mapping.get(column);
    if (field === undefined || field === null || value === "" || value === null) continue;
    put(call, field, readCell(field, value));
  }
  return call;
}

/** A whole bag may come as JSON in one cell. */
function readCell(field: string, value: unknown): unknown {
  const isBag = field === "properties" || field === "traits" || field === "context";
  if (!isBag || typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function put(call: JsonObject, field: string, value: unknown): void {
  const [bag = "", ...rest] = field.split(".");
  const key = rest.join(".");
  if (key === "") {
    call[bag] = isPlain(value) && isPlain(call[bag]) ? { ...value, ...call[bag] } : value;
    return;
  }
  const before = call[bag];
  // What is no object is refused with the row, not written over.
  if (before !== undefined && !isPlain(before)) return;
  call[bag] = { ...(isPlain(before) ? before : {}), [key]: value };
}

function isPlain(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
