import { describe, expect, it } from "vitest";
import { formatMoney, formatSpan, formatTime, isTimeZone } from "../../src/http/format.ts";

describe("formatTime", () => {
  // 23:30 UTC is the next day in Amsterdam (UTC+1 in March before the change) and Tokyo.
  it.each([
    ["UTC", "clock", "23:30"],
    ["Europe/Amsterdam", "clock", "00:30"],
    ["Asia/Tokyo", "day", "Wed, 4 Mar 2026"],
    ["UTC", "day", "Tue, 3 Mar 2026"],
    ["America/New_York", "moment", "3 Mar 2026, 18:30"],
  ] as const)("in %s as %s is %s", (zone, style, expected) => {
    expect(formatTime("2026-03-03T23:30:00.000Z", zone, style)).toBe(expected);
  });
});

describe("isTimeZone", () => {
  it.each([
    ["UTC", true],
    ["Europe/Amsterdam", true],
    ["Mars/Olympus", false],
    ["", false],
    ["<script>", false],
  ])("%j: %s", (zone, expected) => {
    expect(isTimeZone(zone)).toBe(expected);
  });
});

describe("formatMoney", () => {
  it.each([
    [4120, "EUR", "€41.20"],
    [123_456_789, "USD", "$1,234,567.89"],
    [500, "JPY", "¥500"],
    [-4120, "EUR", "-€41.20"],
    [10, "??", "?? 10"],
  ])("%i of %s is %s", (minor, currency, expected) => {
    expect(formatMoney(minor, currency)).toBe(expected);
  });
});

describe("formatSpan", () => {
  it.each([
    [0, "0 s"],
    [-5, "0 s"],
    [59_400, "59 s"],
    [250_000, "4 min 10 s"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [90_000_000, "1 d 1 h"],
  ])("%i ms is %s", (ms, expected) => {
    expect(formatSpan(ms)).toBe(expected);
  });
});
