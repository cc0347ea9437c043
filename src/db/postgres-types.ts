import type { CustomTypesConfig } from "pg";

type Parser = (text: string) => unknown;

/**
 * Type ids of PostgreSQL whose text means something else to SQLite, which gives numbers for them.
 * @see https://github.com/postgres/postgres/blob/REL_14_STABLE/src/include/catalog/pg_type.dat
 */
const PARSERS: Readonly<Record<number, Parser>> = {
  16: (text) => (text === "t" ? 1 : 0), // bool
  17: (text) => Buffer.from(text.slice(2), "hex"), // bytea, always \x… since 9.0
  20: Number, // int8
  21: Number, // int2
  23: Number, // int4
  26: Number, // oid
  700: Number, // float4
  701: Number, // float8
  1700: Number, // numeric: what SUM and AVG of a BIGINT are
};

/** Reads results as the port promises: numbers as numbers, and whatever else (JSON too) as text. */
export const resultTypes: CustomTypesConfig = {
  getTypeParser: (oid: number) => PARSERS[oid] ?? ((text: string) => text),
};
