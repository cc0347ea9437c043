import { describe, expect, it } from "vitest";
import { reveal, rewrite } from "../support/rewriting.ts";

const URL = "https://x.example/a";
const LINK = `<a href="${URL}">x</a>`;
const TRACKED = `<a href="<${URL}>">x</a>`;

const codes = (html: string, options = {}, utm = {}) =>
  rewrite({ html, options, utm }).warnings.map(({ code }) => code);

describe("UTM", () => {
  const utm = { utm_source: "news", utm_medium: "email" };
  it.each([
    ["a lone ?", "?", "?utm_source=news&utm_medium=email"],
    ["a ? before the fragment", "?#f", "?utm_source=news&utm_medium=email#f"],
    ["an encoded key", "?utm%5Fsource=x", "?utm%5Fsource=x&utm_medium=email"],
    ["a trailing &", "?b=1&amp;", "?b=1&utm_source=news&utm_medium=email"],
    ["a Google signature", "?X-Goog-Signature=x", "?X-Goog-Signature=x"],
    ["a CloudFront signature", "?Signature=x&amp;Key-Pair-Id=k", "?Signature=x&Key-Pair-Id=k"],
    ["sig alone", "?sig=x", "?sig=x&utm_source=news&utm_medium=email"],
  ])("with %s", (_case, query, expected) => {
    const { links } = rewrite({ html: `<a href="${URL}${query}">x</a>`, utm });
    expect(links[0]?.destination).toBe(URL + expected);
  });

  it.each(["off", "0", "FALSE"])(
    "is not added where data-utm is %s, in the text part neither",
    (off) => {
      const html = `<a data-utm="${off}" href="${URL}">x</a>`;
      const { links, output } = rewrite({ html, text: URL, utm });
      expect(links.map(({ destination }) => destination)).toEqual([URL]);
      expect(reveal(output)).toBe(TRACKED);
    },
  );

  it("of a link outranks the mail's; what the URL has outranks both", () => {
    const html = `<a data-utm-source='a&amp;b' data-utm-term=t href="${URL}?utm_term=mine">x</a>`;
    const { links, output } = rewrite({ html, text: `${URL}?utm_term=mine`, utm });
    expect(links).toHaveLength(1);
    expect(reveal(output)).toBe(
      `<a href="<${URL}?utm_term=mine&utm_source=a%26b&utm_medium=email>">x</a>`,
    );
  });

  it.each([
    ["its name", `<a data-link-name="The Hero" href="${URL}">Shop <b>now</b></a>`, "the-hero"],
    ["its words", `<a href="${URL}">Shop <b>now</b> – 20&nbsp;% off!</a>`, "shop-now-20-off"],
    ["its image", `<a href="${URL}"><img alt="Größe &amp; Maß"></a>`, "gr%C3%B6%C3%9Fe-ma%C3%9F"],
  ])("content is automatic if asked: %s", (_case, html, content) => {
    const { links } = rewrite({ html, utm: { utm_content: "auto" } });
    expect(links[0]?.destination).toBe(`${URL}?utm_content=${content}`);
  });
});

describe("text parts", () => {
  it.each([
    ["[Go](https://x.example/a_(b)) ok", "[Go](<https://x.example/a_(b)>) ok"],
    [`[${URL}](${URL}/b)`, `[<${URL}>](<${URL}/b>)`],
    [`(${URL}), [${URL}] and "${URL}"`, `(<${URL}>), [<${URL}>] and "<${URL}>"`],
    [`«${URL}». ${URL}…`, `«<${URL}>». <${URL}%E2%80%A6>`],
    [`*${URL}* ~${URL}~`, `*<${URL}>* ~<${URL}>~`],
    [`${URL}?! ${URL}/ ${URL}?q=`, `<${URL}>?! <${URL}/> <${URL}?q=>`],
    [`HTTPS://X.example/A; xhttps://x.example`, "<HTTPS://X.example/A>; xhttps://x.example"],
    [`見る${URL} ok`, `見る<${URL}> ok`],
    [`${URL}\u00a0x ${URL}\u3000x`, `<${URL}>\u00a0x <${URL}>\u3000x`],
  ])("%s", (text, expected) => {
    expect(reveal(rewrite({ text }).textOutput)).toBe(expected);
  });

  it("mirror what the HTML part leaves alone, in any spelling of the URL", () => {
    const html = `<a data-track=off href="HTTPS://X.example">x</a><a rel="nofollow unsubscribe" href="${URL}">y</a>`;
    const { skipped, links } = rewrite({ html, text: `https://x.example/ ${URL}` });
    expect(links).toEqual([]);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      "opt_out",
      "unsubscribe",
      "opt_out",
      "unsubscribe",
    ]);
  });
});

describe("additions", () => {
  it.each([
    [
      "a body's end that only Outlook sees",
      "<!--[if mso]></body><![endif]--><p>x",
      /<p>x<img [^>]+>$/,
    ],
    ["a lone < at the end", "<p>x<", /<p>x<<img [^>]+>$/],
    ["a body's end in a comment", "<body><!-- </body> -->x</BODY >", /x<img [^>]+><\/BODY >$/],
  ])("go into what people see: %s", (_case, html, expected) => {
    expect(rewrite({ html, options: { open_pixel: true } }).output).toMatch(expected);
  });

  it.each(["<p>x</", "<p>x<!", "<p>x<a hr", "<p>x<!-- y", "<title>x", "<plaintext>x"])(
    "stay away from a mail cut off: %s",
    (html) => {
      const options = { open_pixel: true, honeypot: true };
      expect(rewrite({ html, options }).output).toBe(html);
      expect(codes(html, options)).toEqual(["cut_mail"]);
    },
  );

  it("come last, so that the preheader stays the first thing a client shows", () => {
    const html = `<body><div style="display:none">Preheader</div>${LINK}</body>`;
    const { output } = rewrite({ html, options: { open_pixel: true, honeypot: true } });
    expect(reveal(output).startsWith(html.slice(0, html.indexOf("<a ")))).toBe(true);
    expect(output.indexOf("/o/")).toBeGreaterThan(output.indexOf("Preheader"));
  });
});

describe("warnings", () => {
  it.each([
    [
      "duplicate_name",
      `<a data-link-name=n href="${URL}">x</a><a data-link-name=n href="${URL}/b">x</a>`,
    ],
    ["double_encoded", `<a href="${URL}?a=1&amp;amp;b=2">x</a>`],
    ["http_destination", '<a href="http://x.example/">x</a>'],
    ["local_destination", '<a href="https://localhost:3000/">x</a>'],
    ["local_destination", '<a href="https://192.168.0.7/">x</a>'],
    ["email_in_url", `<a href="${URL}?u=ann%40x.example">x</a>`],
    ["pii_in_query", `<a href="${URL}?first_name=Ann">x</a>`],
    ["maybe_signed", `<a href="${URL}?sig=1">x</a>`],
    ["unsafe_scheme", '<a href="java&#115;cript:x">x</a>'],
    ["href_in_merge_tag", `<a {{#if u}}href="${URL}"{{/if}}>x</a>`],
    ["over_102_kb", "x".repeat(104_449)],
  ])("%s", (code, html) => {
    expect(codes(html)).toEqual([code]);
  });

  it("signed_url only where UTM was asked for", () => {
    const html = `<a href="${URL}?X-Amz-Signature=x">x</a>`;
    expect(codes(html)).toEqual([]);
    expect(codes(html, {}, { utm_source: "n" })).toEqual(["signed_url"]);
  });

  it("are none for twins of one name, nor for a mail Gmail shows whole", () => {
    const link = `<a data-link-name=n href="${URL}">x</a>`;
    expect(codes(`<!--[if mso]>${link}<![endif]-->${link}${"x".repeat(100_000)}`)).toEqual([]);
  });
});
