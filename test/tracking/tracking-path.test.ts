import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mendTrackingPath, parseTrackingPath } from "../../src/tracking/tracking-path.ts";

describe("parseTrackingPath", () => {
  it.each([
    ["a click", "/c/LINK/REC", "", { kind: "click", link: "LINK", recipient: "REC", query: "" }],
    [
      "parameters that clients append",
      "/c/LINK/REC?fbclid=1&x=/a/b",
      "",
      { kind: "click", link: "LINK", recipient: "REC", query: "fbclid=1&x=/a/b" },
    ],
    ["no recipient", "/c/LINK/", "", { kind: "click", link: "LINK", recipient: "", query: "" }],
    [
      "no slash behind the link",
      "/c/LINK",
      "",
      { kind: "click", link: "LINK", recipient: "", query: "" },
    ],
    [
      "an open pixel",
      "/o/LINK/REC.gif",
      "",
      { kind: "open", link: "LINK", recipient: "REC", query: "" },
    ],
    [
      "a base path",
      "/t/c/LINK/REC",
      "/t",
      { kind: "click", link: "LINK", recipient: "REC", query: "" },
    ],
    [
      "a slash only in the query",
      "/c/LINK?a=/b",
      "",
      { kind: "click", link: "LINK", recipient: "", query: "a=/b" },
    ],
  ])("reads %s", (_case, url, basePath, expected) => {
    expect(parseTrackingPath(url, basePath)).toEqual(expected);
  });

  it.each(["/", "/contacts", "/C/LINK/REC", "/cc/a/b", "/v1/c/a/b", "*", ""])(
    "leaves %j to others",
    (url) => {
      expect(parseTrackingPath(url, "")).toBeUndefined();
    },
  );
});

describe("mendTrackingPath", () => {
  const path = { kind: "click", link: "LINK", query: "" } as const;

  it.each(["REC.", "REC)", "REC>", "REC%3E", "REC).", "R%45C", "REC%22"])(
    "finds the token in %j",
    (recipient) => {
      expect(mendTrackingPath({ ...path, recipient })?.recipient).toBe("REC");
    },
  );

  it("has nothing to mend in a clean path", () => {
    expect(mendTrackingPath({ ...path, recipient: "REC" })).toBeUndefined();
  });

  it("never throws, whatever the path holds", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (link, recipient) => {
        mendTrackingPath({ ...path, link, recipient });
        parseTrackingPath(`/c/${link}/${recipient}`, "");
      }),
    );
  });
});
