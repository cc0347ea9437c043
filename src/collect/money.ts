import { currencyExponent } from "../log/currency.ts";
import type { JsonObject } from "./json-object.ts";

/** An amount in minor units of its currency, or neither. */
export type Money =
  | { readonly value_minor: number; readonly currency: string }
  | { readonly value_minor: null; readonly currency: null };

const NONE: Money = { value_minor: null, currency: null };

/**
 * Reads the amount of an event: `value ?? revenue ?? total` by the currency's ISO 4217 exponent.
 *
 * Numbers in text ("12.50") count. Without a known currency there is no amount: "100" could be yen
 * or cents. A refund's amount is positive whatever sign the sender gave it.
 */
export function readMoney(name: string, properties: JsonObject): Money {
  const amount = firstNumber(properties["value"], properties["revenue"], properties["total"]);
  const currency = String(properties["currency"] ?? "")
    .trim()
    .toUpperCase();
  const exponent = currencyExponent(currency);
  if (amount === null || exponent === null) return NONE;
  const minor = toMinor(name === "refund" ? Math.abs(amount) : amount, exponent);
  return Number.isSafeInteger(minor) ? { value_minor: minor, currency } : NONE;
}

function firstNumber(...values: readonly unknown[]): number | null {
  const first = values.find((value) => value !== undefined && value !== null && value !== "");
  return toNumber(first);
}

/** A number, or text that is wholly one; null for anything else. */
function toNumber(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string") return null;
  return /^\s*-?\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : null;
}

/** Shifts the decimal point in text: 1.005 * 100 is 100.49999999999999 in floating point. */
function toMinor(amount: number, exponent: number): number {
  const [digits = "0", power = "0"] = String(Math.abs(amount)).split("e");
  const minor = Math.round(Number(`${digits}e${Number(power) + exponent}`));
  return amount < 0 && minor !== 0 ? -minor : minor;
}
