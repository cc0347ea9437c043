import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { markChanges, type Span } from "../../src/http/pages/mark-changes.ts";

const textOf = (spans: Span[]): string => spans.map(({ text }) => text).join("");
const changed = (spans: Span[]): string[] =>
  spans.filter((span) => span.changed).map(({ text }) => text);

describe("markChanges", () => {
  it("marks a replaced link and nothing beside it", () => {
    const before = '<p>Hello <a href="https://a.test/x?y=1" style="color:red">there</a>, you.</p>';
    const after = before.replace("https://a.test/x?y=1", "https://t.test/c/abc/def");
    const marked = markChanges(before, after);
    expect(changed(marked.before)).toEqual(["https://a.test/x?y=1"]);
    expect(changed(marked.after)).toEqual(["https://t.test/c/abc/def"]);
  });

  it("marks two links that are the same on one side", () => {
    const mail = (one: string, two: string) => `<a href="${one}">1</a> and <a href="${two}">2</a>`;
    const marked = markChanges(
      mail("http://a.test", "http://a.test"),
      mail("http://t/1", "http://t/2"),
    );
    expect(changed(marked.after)).toEqual(["http://t/1", "http://t/2"]);
  });

  it("marks an attribute that was taken out", () => {
    const before = '<a data-link-name="top" href="http://a.test">go there today</a>';
    const marked = markChanges(before, '<a href="http://t/1">go there today</a>');
    expect(changed(marked.before)).toEqual(['data-link-name="top" href="http://a.test']);
    expect(changed(marked.after)).toEqual(['href="http://t/1']);
  });

  it("marks a pixel added before the end", () => {
    const marked = markChanges(
      "<p>Hi</p></body></html>",
      '<p>Hi</p><img src="o.gif"></body></html>',
    );
    expect(changed(marked.before)).toEqual([]);
    expect(textOf(marked.after)).toContain('<img src="o.gif">');
  });

  it("marks nothing where nothing changed", () => {
    expect(markChanges("<p>a</p>", "<p>a</p>").after).toEqual([
      { text: "<p>a</p>", changed: false },
    ]);
    expect(markChanges("", "")).toEqual({ before: [], after: [] });
  });

  it("loses no character of either side", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", '"', "<", ">", " ", "\n", "é") });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const marked = markChanges(before, after);
        expect(textOf(marked.before)).toBe(before);
        expect(textOf(marked.after)).toBe(after);
      }),
    );
  });
});
