import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runRewriteCases } from "../support/rewrite-cases.ts";
import { BASE, recipient, reveal, rewrite, tokens } from "../support/rewriting.ts";

const fixtures = process.env["CLICKTRAIL_FIXTURES"];
if (fixtures === undefined) {
  console.warn(
    "\n!!! CLICKTRAIL_FIXTURES is not set: the rewriting vectors and the corpus do NOT run.\n",
  );
}

const URL = "https://x.example/a";

describe("rewriteMail", () => {
  it.each([
    ["a double-quoted value", `<a href="${URL}">x</a>`, `<a href="<${URL}>">x</a>`],
    ["upper case", `<A HREF='${URL}'>x</A>`, `<A HREF='<${URL}>'>x</A>`],
    [
      "an unquoted value that ends in a slash",
      "<a href=https://x.example/>x</a>",
      "<a href=<https://x.example/>>x</a>",
    ],
    ["an image map", `<area href="${URL}">`, `<area href="<${URL}>">`],
    ["a form feed", `<a\fhref="${URL}">x</a>`, `<a\fhref="<${URL}>">x</a>`],
    ["a slash as separator", `<a/href="${URL}"/>`, `<a/href="<${URL}>"/>`],
    [
      "nested anchors",
      `<a href="${URL}"><a href="${URL}">y`,
      `<a href="<${URL}>"><a href="<${URL}>">y`,
    ],
    [
      "behind a comment that ends in --!>",
      `<!-- x --!><a href="${URL}">`,
      `<!-- x --!><a href="<${URL}>">`,
    ],
    ["behind <!--->", `<!---><a href="${URL}">`, `<!---><a href="<${URL}>">`],
    ["behind </>", `</><a href="${URL}">`, `</><a href="<${URL}>">`],
    ["behind <!>", `<!><a href="${URL}">`, `<!><a href="<${URL}>">`],
    [
      "behind raw text",
      `<style>a</styles></style ><a href="${URL}">`,
      `<style>a</styles></style ><a href="<${URL}>">`,
    ],
    ["in an svg with a style", `<svg><style><a href="${URL}">`, `<svg><style><a href="<${URL}>">`],
  ])("tracks a link: %s", (_case, html, expected) => {
    expect(reveal(rewrite({ html }).output)).toBe(expected);
  });

  it.each([
    ["an ordinary comment", `<!-- <a href="${URL}">x</a> -->`],
    ["a comment that is never closed", `<!-- <a href="${URL}">x</a>`],
    ["an iframe's text", `<iframe><a href="${URL}">x</a></iframe>`],
    ["noembed", `<noembed><a href="${URL}">x</a></noembed>`],
    ["behind plaintext", `<plaintext><a href="${URL}">x</a>`],
    ["a textarea", `<textarea><a href="${URL}">x</a></textarea>`],
    ["a tag cut by the end", `<a href="${URL}" class="b`],
    ["an unterminated quote", `<a href="${URL}>x</a>`],
    ["another element", `<abbr href="${URL}">x</abbr><article href="${URL}"><link href="${URL}">`],
    ["CDATA in HTML", `<![CDATA[ <a href="${URL}">x</a> ]]>`],
  ])("leaves alone: %s", (_case, html) => {
    expect(rewrite({ html }).output).toBe(html);
  });

  it.each([
    ["relative", "page.html"],
    ["schemeless", "www.x.example/a"],
    ["schemeless", "x.example:8080/a"],
    ["invalid", "https://"],
    ["invalid", "http://a b.example/"],
    ["invalid", "https:x.example"],
    ["userinfo", "https://user:pw@x.example/"],
    ["scheme", "ftp://x.example/"],
    ["already_tracked", `${BASE}/c/AbC/{{tag}}`],
    ["already_tracked", "HTTPS://T.example/o/x/y.gif"],
    ["excluded_domain", "https://sub.bank.example/"],
    ["unsubscribe", "https://x.example/list/unsubscribe.php?u=1"],
    ["unsubscribe", "https://x.example/?a=1&opt_out=1"],
    ["url_too_long", `https://x.example/${"a".repeat(8200)}`],
  ])("skips as %s: %s", (reason, url) => {
    const html = `<a href="${url}">x</a>`;
    const { output, skipped } = rewrite({ html, options: { exclude_domains: ["bank.example"] } });
    expect(output).toBe(html);
    expect(skipped).toEqual([expect.objectContaining({ reason, offset: 3 })]);
  });

  it.each(["https://notbank.example/", "https://bank.example.evil.example/"])(
    "tracks %s, which only looks like an excluded domain",
    (url) => {
      const html = `<a href="${url}">x</a>`;
      expect(rewrite({ html, options: { exclude_domains: ["bank.example"] } }).links).toHaveLength(
        1,
      );
    },
  );

  it.each([
    ["kept as written", "HTTPS://X.example/it's?q='x'", "HTTPS://X.example/it's?q='x'"],
    ["spaces encoded", "https://x.example/a b", "https://x.example/a%20b"],
    ["an international host", "https://bücher.example/", "https://xn--bcher-kva.example/"],
    [
      "a host that readers disagree on",
      "https://a.example\\@evil.example/",
      "https://a.example/@evil.example/",
    ],
  ])("forms the destination: %s", (_case, href, destination) => {
    const [link] = rewrite({ html: `<a href="${href}">x</a>` }).links;
    expect(link?.destination).toBe(destination);
  });

  it("counts an Outlook button and its HTML twin as one link", () => {
    const vml = `<!--[if mso]><v:roundrect href="${URL}?b"><center>Go</center></v:roundrect><![endif]-->`;
    const html = `<a href="${URL}">1</a>${vml}<a href="${URL}?b">Go now</a><a href="${URL}?b">again</a>`;
    const { links } = rewrite({ html });
    expect(links.map(({ index, text, url }) => [index, text, url])).toEqual([
      [0, "1", URL],
      [1, "Go", `${URL}?b`],
      [2, "again", `${URL}?b`],
    ]);
  });

  it("names links by their attribute, their words or their image", () => {
    const html = `<a href="${URL}" data-link-name="hero">x</a><a href="${URL}"><b>Shop</b>&nbsp;now</a><a href="${URL}"><img alt="Logo &amp; co"></a>`;
    const { links, output } = rewrite({ html });
    expect(links.map(({ name, text }) => [name, text])).toEqual([
      ["hero", "x"],
      [null, "Shop now"],
      [null, "Logo & co"],
    ]);
    expect(output).not.toContain("data-link-name");
  });

  it("takes UTM of its own attributes, and an automatic content", () => {
    const utm = { utm_source: "news", utm_content: "auto", utm_campaign: "auto" };
    const html = `<a href="${URL}" data-utm-source="x">Read More!</a><a data-utm="off" href="${URL}">y</a>`;
    expect(reveal(rewrite({ html, utm }).output)).toBe(
      `<a href="<${URL}?utm_source=x&utm_campaign=spring-sale&utm_content=read-more>">Read More!</a><a href="<${URL}>">y</a>`,
    );
  });

  it("adds no UTM to a signed URL and says so", () => {
    const signed = "https://s3.example/f?X-Amz-Signature=abc";
    const { links, warnings } = rewrite({
      html: `<a href="${signed}">x</a>`,
      utm: { utm_source: "news" },
    });
    expect(links[0]?.destination).toBe(signed);
    expect(warnings.map(({ code }) => code)).toContain("signed_url");
  });

  it("puts one pixel before the last </body>, and none into a cut mail or an AMP part", () => {
    const options = { open_pixel: true };
    const html = "<body>a</body><p>b</body>c";
    const { output } = rewrite({ html, options });
    expect(output).toMatch(
      /^<body>a<\/body><p>b<img src="https:\/\/t\.example\/o\/[\w-]+\/[\w-]+\.gif"[^>]*><\/body>c$/,
    );
    expect(rewrite({ html: output, options }).output).toBe(output);
    const cut = rewrite({ html: "<p>a<!-- b", options });
    expect(cut.output).toBe("<p>a<!-- b");
    expect(cut.warnings.map(({ code }) => code)).toEqual(["cut_mail"]);
    expect(rewrite({ html, options: { ...options, part: "amp" } }).output).toBe(html);
  });

  it("adds a hidden link with an index of its own, once", () => {
    const options = { honeypot: true };
    const { output, honeypot, links } = rewrite({ html: `<a href="${URL}">x</a>`, options });
    expect(honeypot).toBe(links.length);
    expect(output).toMatch(/aria-hidden="true" tabindex="-1"/);
    expect(rewrite({ html: output, options }).output).toBe(output);
  });

  it("keeps the opt-outs of the HTML part in the text part, and shares its links", () => {
    const html = `<a data-track="off" href="${URL}">x</a><a href="${URL}/b">y</a>`;
    const { textOutput, links } = rewrite({ html, text: `${URL} and ${URL}/b, and ${URL}/c` });
    expect(reveal(textOutput)).toBe(`${URL} and <${URL}/b>, and <${URL}/c>`);
    expect(links.map(({ url }) => url)).toEqual([`${URL}/b`, `${URL}/c`]);
  });

  it("lets merge tags travel in the query of our URL", () => {
    const html = `<a href="${URL}?id={{ id }}&amp;n=*|N|*">x</a>`;
    const { output } = rewrite({ html, options: { merge_tags: "slots" } });
    expect(reveal(output)).toBe(`<a href="<${URL}?id={0}&n={1}>?m0={{ id }}&amp;m1=*|N|*">x</a>`);
    expect(rewrite({ html: output, options: { merge_tags: "slots" } }).output).toBe(output);
  });

  it.each([
    ["merge_whole", "{{url}}"],
    ["merge_host", "https://{{host}}/a"],
    ["merge_host", "https://x.example{{path}}"],
    ["merge_unbalanced", "https://x.example/{{a"],
  ])("leaves a tag alone even in slots mode: %s", (reason, url) => {
    const { skipped } = rewrite({
      html: `<a href="${url}">x</a>`,
      options: { merge_tags: "slots" },
    });
    expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
  });

  it("puts a platform's tag in the recipient's place of a template", () => {
    const { html, links } = rewrite({ html: `<a href="${URL}">x</a>`, isTemplate: true });
    expect(html?.slices.join("{{tag}}")).toBe(
      `<a href="${links[0]?.urlBeforeRecipient}{{tag}}">x</a>`,
    );
    expect(tokens.openLink(links[0]?.urlBeforeRecipient.split("/").at(-2) ?? "")?.isTemplate).toBe(
      true,
    );
  });

  it("changes nothing more on a second pass, and nothing but values on the first", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "<a href=",
        "<a ",
        "href=",
        '"',
        "'",
        ">",
        "</a>",
        "<!--",
        "-->",
        "<![endif]-->",
      ),
      fc.constantFrom(
        "<!--[if mso]>",
        "<style>",
        "</style>",
        "<v:rect href='",
        "{{x}}",
        " ",
        "\r\n",
      ),
      fc.constantFrom(
        URL,
        "https://y.example/?a=1&amp;b=2#c",
        "&amp;",
        "data-utm-source=x",
        "#",
        "\0",
      ),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const html = pieces.join("");
        const { output } = rewrite({ html, utm: { utm_source: "n" } });
        expect(rewrite({ html: output, utm: { utm_source: "n" } }).output).toBe(output);
        if (!output.includes(recipient)) expect(output).toBe(html);
      }),
      { numRuns: 1500 },
    );
  });
});

describe.runIf(fixtures !== undefined)("with the shared material", () => {
  const folder = fixtures ?? "";

  it("passes every rewriting vector", async () => {
    const { passed, failed } = await runRewriteCases(
      path.join(folder, "cases", "rewrite-vectors.json"),
    );
    expect(failed).toEqual([]);
    expect(passed).toBeGreaterThan(0);
  });
});
