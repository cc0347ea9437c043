import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findMergeTags } from "../../src/email/rewrite/merge-tags.ts";
import { fillSlots } from "../../src/email/rewrite/slots.ts";
import { findUrls } from "../../src/email/rewrite/text.ts";

describe("fillSlots", () => {
  it.each([
    ["m0=Ann", "https://x.example/p?n=Ann"],
    ["?m0=a%20b+c", "https://x.example/p?n=a%20b+c"],
    ["m0=a/b:c@d?e", "https://x.example/p?n=a%2Fb%3Ac%40d%3Fe"],
    ["m0=50% é", "https://x.example/p?n=50%25%20%C3%A9"],
    ["m0=a%0d%0aX:1", "https://x.example/p?n="],
    ["m1=x", "https://x.example/p?n="],
    ["", "https://x.example/p?n="],
    ["m0=a&m0=b", "https://x.example/p?n=a"],
    ["m0=$%26", "https://x.example/p?n=%24%26"],
  ])("%j", (query, expected) => {
    expect(fillSlots("https://x.example/p?n={0}", query)).toBe(expected);
  });

  it("never changes the host or the shape of the path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        const { host, protocol, pathname } = new URL(
          fillSlots("https://x.example/a/{0}/b", `m0=${value}`),
        );
        expect([protocol, host]).toEqual(["https:", "x.example"]);
        expect(pathname.split("/")).toHaveLength(4);
      }),
    );
  });
});

describe("findMergeTags", () => {
  it.each([
    ["{{{a}}}", ["{{{a}}}"]],
    ["x{{ a | b }}y{%if%}", ["{{ a | b }}", "{%if%}"]],
    ["*|A:B|*<%= c %>", ["*|A:B|*", "<%= c %>"]],
    ["%%a%%%%=v(@b)=%%", ["%%a%%", "%%=v(@b)=%%"]],
    ["${a}{!b.C}#{c}", ["${a}", "{!b.C}", "#{c}"]],
    ["%recipient.id%{name}{f=bar}[[x]]", ["%recipient.id%", "{name}", "{f=bar}", "[[x]]"]],
    ["-email-", ["-email-"]],
    ["caf%C3%A9?a[b]=1&c={0}&d={", []],
    ["100%%?x=%20%%", []],
  ])("%s", (text, tags) => {
    const found = findMergeTags(text);
    expect(found.tags.map(({ start, end }) => text.slice(start, end))).toEqual(tags);
    expect(found.unbalanced).toBe(false);
  });

  it.each(["{{a", "a{%b", "*|x", "<%= y"])("finds %s unbalanced", (text) => {
    expect(findMergeTags(text).unbalanced).toBe(true);
  });
});

describe("findUrls", () => {
  it.each([
    ["See https://x.example/a. Or", ["https://x.example/a"]],
    ["<https://x.example/?q=>", ["https://x.example/?q="]],
    [
      "(https://x.example/a_(b)) https://x.example/c).",
      ["https://x.example/a_(b)", "https://x.example/c"],
    ],
    ["[Go](https://x.example/a_(b)) now", ["https://x.example/a_(b)"]],
    ["*https://x.example/* _https://x.example/b_", ["https://x.example/", "https://x.example/b"]],
    ["“https://x.example/”, HTTP://y.example!", ["https://x.example/", "HTTP://y.example"]],
    ["https://x.example/{{ a b }}/c.", ["https://x.example/{{ a b }}/c"]],
    ["xhttps://x.example/", []],
  ])("%s", (text, urls) => {
    expect(findUrls(text).map(({ start, end }) => text.slice(start, end))).toEqual(urls);
  });
});
