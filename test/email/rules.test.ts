import { describe, expect, it } from "vitest";
import { BASE, reveal, rewrite } from "../support/rewriting.ts";

const URL = "https://x.example/a";
const LINK = `<a href="${URL}">x</a>`;
const TRACKED = `<a href="<${URL}>">x</a>`;

const reasons = (html: string, options = {}) =>
  rewrite({ html, options }).skipped.map(({ reason }) => reason);
const codes = (html: string, options = {}, utm = {}) =>
  rewrite({ html, options, utm }).warnings.map(({ code }) => code);

describe("Outlook's comments", () => {
  it.each([
    ["a condition in a condition", "<!--[if mso]><!--[if gte mso 9]>", "<![endif]--><![endif]-->"],
    ["a revealed condition inside", "<!--[if mso]><![if gte vml 1]>", "<![endif]><![endif]-->"],
    ["a comment inside", "<!--[if mso]> <!-- note --> ", " <![endif]-->"],
    ["revealed, with a space", "<!--[if !mso]><!-- -->", "<!-- <![endif]-->"],
    ["revealed, as Word writes it", "<!--[if !mso]>-->", "<!--<![endif]-->"],
    ["two conditions", "<!--[if mso | IE]>", "<![endif]-->"],
    ["white space before the bracket", "<!-- [if mso]>", "<![endif]-->"],
  ])("are looked into: %s", (_case, before, after) => {
    expect(reveal(rewrite({ html: before + LINK + after }).output)).toBe(before + TRACKED + after);
  });

  it("pair their links with the HTML links to the same place, first come first", () => {
    const mso = `<!--[if mso]>${LINK}<![endif]-->`;
    const { links } = rewrite({ html: mso + mso + LINK + LINK + LINK });
    expect(links).toHaveLength(3);
  });

  it("keep their own links where only UTM tells them from the HTML's", () => {
    const mso = `<!--[if mso]><a data-utm-content="outlook" href="${URL}">x</a><![endif]-->`;
    expect(rewrite({ html: mso + LINK }).links).toHaveLength(2);
  });
});

describe("eligibility", () => {
  it.each([
    ["excluded_domain", "https://bank.example./a"],
    ["excluded_domain", "https://BANK.example:8443/a"],
    ["excluded_domain", "https://www.bücher.example/"],
    ["already_tracked", `${BASE}:443/c/a/b`],
    ["already_tracked", "//t.example/c/a/b"],
    ["already_tracked", "https://t.example\\c\\a\\b"],
    ["already_tracked", `${BASE}/o/{{tag}}`],
    ["unsubscribe", "https://x.example/u/OPT-OUT.html"],
    ["unsubscribe", "https://x.example/List-Unsubscribe"],
    ["unsubscribe", "https://x.example/?a=1&amp;UNSUB=1"],
    ["unsubscribe", "https://x.example/bye?x=%41"],
    ["scheme", "vbscript:x"],
    ["scheme", "intent://x#Intent;end"],
    ["scheme", "data:text/html,x"],
    ["fragment", " #top"],
    ["empty", ""],
    ["invalid", "https://[::1/"],
  ])("skips as %s: %s", (reason, url) => {
    const options = {
      exclude_domains: [".bank.example", "bücher.example"],
      unsubscribe_urls: ["<https://x.example/bye?x=%41>"],
    };
    const html = `<a href="${url}">x</a>`;
    expect(reasons(html, options)).toEqual([reason]);
    expect(rewrite({ html, options }).output).toBe(html);
  });

  it.each([
    `${BASE}:8443/c/a/b`,
    `${BASE}.evil.example/c/a/b`,
    `${BASE}/campaign/x`,
    "https://x.example/unsubscribe-now",
    "https://x.example/?q=unsubscribe",
    "https://x.example/optout-why",
  ])("tracks %s", (url) => {
    expect(rewrite({ html: `<a href="${url}">x</a>` }).links).toHaveLength(1);
  });

  it("counts a link of any of our base URLs as tracked, below its path only", () => {
    const html = `<a href="https://t.example/mail/c/a">x</a><a href="https://t.example/c/a">y</a>`;
    const { skipped, links } = rewrite({ html, bases: ["https://t.example/mail/"] });
    expect(skipped.map(({ reason }) => reason)).toEqual(["already_tracked"]);
    expect(links.map(({ url }) => url)).toEqual(["https://t.example/c/a"]);
  });

  it("resolves against the first base with an address, wherever it stands", () => {
    const html = `<a href="p">x</a><base target="_blank"><base href="https://b.example/d/">`;
    expect(rewrite({ html }).links[0]?.destination).toBe("https://b.example/d/p");
    expect(reasons(html, { use_base: false })).toEqual(["relative"]);
  });
});

describe("opt-outs", () => {
  it.each([
    'data-track="off"',
    "data-track=no",
    "DATA-TRACK=0",
    "clicktracking=off",
    'clicktracking="false"',
    "ses:no-track",
    "data-pm-no-track",
    "data-skip-click",
    'mautic:disable-tracking="true"',
    "mc:disable-tracking",
    "disable-tracking=true",
    "data-disable-tracking",
    'data-disable-tracking="true"',
    'data-msys-clicktrack="0"',
    "class='btn untracked'",
  ])("keep a link and themselves: %s", (attribute) => {
    const html = `<a ${attribute} href="${URL}">x</a>`;
    expect(reasons(html)).toEqual(["opt_out"]);
    expect(rewrite({ html }).output).toBe(html);
  });

  it.each([
    'data-track="on"',
    "clicktracking=on",
    'data-disable-tracking="false"',
    'data-msys-clicktrack="1"',
    "class=untracked-not",
    "rel=nofollow",
  ])("are not: %s", (attribute) => {
    expect(rewrite({ html: `<a ${attribute} href="${URL}">x</a>` }).links).toHaveLength(1);
  });

  it.each([
    ["ses", "ses:no-track"],
    ["sendgrid", "clicktracking=off"],
    ["postmark", "data-pm-no-track"],
    ["mailgun", "disable-tracking=true"],
    ["mandrill", "mc:disable-tracking"],
    ["mautic", "mautic:disable-tracking"],
    ["sparkpost", 'data-msys-clicktrack="0"'],
    ["onesignal", "data-disable-tracking"],
  ] as const)("keep %s from wrapping our links again, once", (esp, attribute) => {
    const options = { downstream_opt_out: esp };
    const html = `${LINK}<area href="${URL}/b"><a href="#x">y</a>`;
    const { output } = rewrite({ html, options });
    expect(reveal(output)).toBe(
      `<a ${attribute} href="<${URL}>">x</a><area href="<${URL}/b>"><a href="#x">y</a>`,
    );
    expect(rewrite({ html: output, options }).output).toBe(output);
  });

  it("add no attribute that AMP does not know", () => {
    const options = { downstream_opt_out: "ses", part: "amp" } as const;
    expect(reveal(rewrite({ html: LINK, options }).output)).toBe(TRACKED);
  });
});

describe("merge tags", () => {
  const syntaxes = [
    ...["{{x}}", "{{{x}}}", "{% x %}", "<%= x %>", "*|X|*", "%%x%%", "%%=v(@x)=%%", "${lead.x}"],
    ...["{!Contact.Id}", "%recipient.x%", "{name}", "{contactfield=bar}", "[[x]]", "#{x}"],
  ];
  it.each(syntaxes)("%s is left alone, whole or in part, and travels if asked", (tag) => {
    const html = `<a href="${tag}">x</a><a href="https://x.example/?a=${tag}">x</a>`;
    expect(reasons(html)).toEqual(["merge_tag", "merge_tag"]);
    expect(rewrite({ html }).output).toBe(html);
    const slots = rewrite({ html, options: { merge_tags: "slots" } });
    expect(slots.skipped.map(({ reason }) => reason)).toEqual(["merge_whole"]);
    expect(reveal(slots.output)).toBe(
      `<a href="${tag}">x</a><a href="<https://x.example/?a={0}>?m0=${tag}">x</a>`,
    );
  });

  it.each(["%C3%A9", "a[b]=1", "[x]", "-x-", "{0}", "100%%", "{", "}}", "a%b"])(
    "%s in a query is none",
    (text) => {
      expect(rewrite({ html: `<a href="https://x.example/?a=${text}">x</a>` }).links).toHaveLength(
        1,
      );
    },
  );

  it.each(["{{x", "{%x", "<%x", "*|x", "${x", "{!x", "[[x", "{{{x}}"])(
    "%s is never closed: the link is left alone",
    (tag) => {
      expect(reasons(`<a href="https://x.example/?a=${tag}">x</a>`)).toEqual(["merge_unbalanced"]);
    },
  );

  it.each([
    "{% if vip %}a{% else %}b{% endif %}",
    "{{#if vip}}a{{else}}b{{/if}}",
    "<% if vip %>a<% end %>",
    "*|IF:VIP|*a*|ELSE:|*b*|END:IF|*",
  ])("%s chooses between texts and cannot travel", (block) => {
    const html = `<a href="https://x.example/${block}">x</a>`;
    const options = { merge_tags: "slots" } as const;
    expect(rewrite({ html, options }).output).toBe(html);
    expect(codes(html, options)).toEqual(["merge_block"]);
  });

  it("in the scheme, host or port would choose where a click leads", () => {
    const urls = ["{{s}}://x.example/", "https://{{h}}/a", "https://x.example:{{p}}/", "//{{h}}/a"];
    const html = urls.map((url) => `<a href="${url}">x</a>`).join("");
    expect(reasons(html, { merge_tags: "slots" })).toEqual(urls.map(() => "merge_host"));
  });
});
