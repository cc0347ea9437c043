import { describe, expect, it } from "vitest";
import { createSessionCookie, readCookie } from "../../src/access/cookies.ts";
import { isSameOrigin, safeNextPath } from "../../src/access/same-origin.ts";

const BASE_URL = "https://track.example.com";

describe("isSameOrigin", () => {
  it.each([
    ["the public address", { origin: "https://track.example.com" }, true],
    [
      "the address it was sent to",
      { origin: "http://127.0.0.1:3000", host: "127.0.0.1:3000" },
      true,
    ],
    ["another site", { origin: "https://evil.test", host: "track.example.com" }, false],
    ["a look-alike", { origin: "https://track.example.com.evil.test" }, false],
    ["another port", { origin: "https://track.example.com:8443" }, false],
    ["a sandboxed frame", { origin: "null", host: "track.example.com" }, false],
    ["no Origin, but same-origin by the browser", { "sec-fetch-site": "same-origin" }, true],
    ["no Origin, same site only", { "sec-fetch-site": "same-site" }, false],
    ["nothing said", {}, false],
    [
      "an Origin that contradicts Sec-Fetch-Site",
      { origin: "https://evil.test", "sec-fetch-site": "same-origin" },
      false,
    ],
  ])("%s", (_case, headers, expected) => {
    expect(isSameOrigin(headers, BASE_URL)).toBe(expected);
  });
});

describe("safeNextPath", () => {
  it.each(["/", "/contacts", "/contacts/a%20b?tz=Europe%2FParis#x"])("keeps %j", (path) => {
    expect(safeNextPath(path)).toBe(path);
  });

  it.each([
    "//evil.test",
    "/\\evil.test",
    "/a\\b",
    "https://evil.test",
    "javascript:alert(1)",
    "/\nevil",
    "/\t/evil.test",
    "contacts",
    "",
    undefined,
    ["/contacts"],
  ])("refuses %j", (path) => {
    expect(safeNextPath(path)).toBe("/");
  });
});

describe("the session cookie", () => {
  it("is strict over https", () => {
    expect(createSessionCookie(BASE_URL).write("1.x", 60)).toBe(
      "__Host-clicktrail_session=1.x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure",
    );
  });

  it("works on localhost", () => {
    const cookie = createSessionCookie("http://localhost:3000");
    expect(cookie.write("1.x", 0)).toBe(
      "clicktrail_session=1.x; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
    );
    expect(cookie.read("a=b; clicktrail_session=1.x; c=d")).toBe("1.x");
  });

  it.each([
    ["a=1; a=2", "1"],
    ["aa=1", undefined],
    ["a", undefined],
    ["", undefined],
    [undefined, undefined],
    ["a=b=c", "b=c"],
  ])("reads `a` in %j as %j", (header, value) => {
    expect(readCookie(header, "a")).toBe(value);
  });
});
