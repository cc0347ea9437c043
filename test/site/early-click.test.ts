import { describe, expect, it } from "vitest";
import { type EarlyClick, judgeEarlyClick } from "../../src/site/early-click.ts";
import { compileTriggers } from "../../src/site/triggers/compile.ts";
import { type Trigger, triggerSchema } from "../../src/site/triggers/schema.ts";

const AROUND = `<html></html><body class="home"></body><div class="hero"></div>`;

function click(link: string, changes: Partial<EarlyClick> = {}): EarlyClick {
  return {
    html: AROUND + link,
    isAutomatic: true,
    page: { url: "https://shop.test/a/b?plan=pro", title: "Shop", referrer: "" },
    ...changes,
  };
}

function judge(given: EarlyClick, triggers: readonly Trigger[] = []) {
  const live = { collects: "everything", triggers: compileTriggers(triggers) } as const;
  return judgeEarlyClick(given, live)?.map(({ event, properties }) => ({ event, ...properties }));
}

const trigger = (definition: object): Trigger => ({
  id: "t",
  ...triggerSchema.parse({ name: "T", event: "demo_asked", ...definition }),
});

describe("judgeEarlyClick", () => {
  it("knows a link that leads to another host", () => {
    const link = `<a id="out" class="x y" href="https://other.test/x"> Else<b>where</b></a>`;
    expect(judge(click(link))).toEqual([
      {
        event: "click",
        outbound: true,
        link_domain: "other.test",
        link_url: "https://other.test/x",
        link_id: "out",
        link_classes: "x y",
        link_text: "Elsewhere",
      },
    ]);
  });

  it("knows a download, by an address that its page completes", () => {
    expect(judge(click(`<a href="list.PDF">List</a>`))).toEqual([
      expect.objectContaining({
        event: "file_download",
        file_name: "list.PDF",
        file_extension: "pdf",
        link_url: "https://shop.test/a/list.PDF",
      }),
    ]);
  });

  it("lets a link within the site be, and one that is no page", () => {
    expect(judge(click(`<a href="/cart">Cart</a>`))).toEqual([]);
    expect(judge(click(`<a href="mailto:a@shop.test">Mail</a>`))).toEqual([]);
  });

  it("sends nothing by itself where the tag says so", () => {
    const away = click(`<a href="https://other.test/">x</a>`, { isAutomatic: false });
    expect(judge(away)).toEqual([]);
  });

  const CTA = `<a class="cta" href="/thanks"><b>Ask</b> for a demo</a>`;

  it("fires a site's trigger with its parameters", () => {
    const lead = trigger({
      on: { type: "click", selector: ".hero a.cta" },
      conditions: [
        { variable: "page_path", operator: "starts_with", value: "/a" },
        { variable: "element_text", operator: "equals", value: "ask for a demo" },
      ],
      parameters: [
        { name: "value", type: "number", value: 9 },
        { name: "plan", variable: "query.plan" },
        { name: "title", variable: "page_title" },
        { name: "none", variable: "query.none" },
      ],
    });
    expect(judge(click(CTA), [lead])).toEqual([
      { event: "demo_asked", value: 9, plan: "pro", title: "Shop", none: undefined },
    ]);
  });

  it.each([
    ["an element around the link", "body.home", 1],
    ["a link by its address", `a[href^="/th"]`, 1],
    ["another element", "#other", 0],
    ["an element's place among its neighbours, which nobody knows", "a:first-child", 0],
    ["a neighbour, which nobody knows", "h1 + a", 0],
    ["what is none", "a[", 0],
  ])("by its selector: %s", (_case, selector, count) => {
    const [compiled] = compileTriggers([trigger({ on: { type: "click", selector: "x" } })]);
    if (!compiled) throw new Error("no trigger");
    const [on, when, once, , ...rest] = compiled;
    const triggers = [[on, when, once, selector, ...rest] as const];
    const live = { collects: "everything", triggers } as const;
    expect(judgeEarlyClick(click(CTA), live)).toHaveLength(count);
  });

  it.each([
    ["equals", { value: "staff" }],
    ["not_equals", { value: "staff" }],
  ])("does not guess what the data layer held: %s", (operator, value) => {
    const condition = { variable: "layer.user.type", operator, ...value };
    expect(
      judge(click(CTA), [trigger({ on: { type: "click" }, conditions: [condition] })]),
    ).toEqual([]);
  });

  it("fires no trigger of another kind", () => {
    expect(judge(click(CTA), [trigger({ on: { type: "page_view" } })])).toEqual([]);
  });

  it.each(["page_views", "nothing"] as const)("obeys the switch: %s", (collects) => {
    const away = click(`<a href="https://other.test/">x</a>`);
    expect(judgeEarlyClick(away, { collects, triggers: [] })).toEqual([]);
  });

  it.each([
    ["no link", "<p>text</p>"],
    ["nothing", ""],
    ["more tags than a page has", "<b>".repeat(301)],
  ])("refuses markup of %s", (_case, html) => {
    const given = { ...click(""), html };
    expect(judgeEarlyClick(given, { collects: "everything", triggers: [] })).toBeUndefined();
  });
});
