import { describe, expect, it } from "vitest";
import { compileTriggers } from "../../../src/site/triggers/compile.ts";
import { triggerSchema } from "../../../src/site/triggers/schema.ts";

describe("compileTriggers", () => {
  const compile = (definition: object) =>
    compileTriggers([
      { id: "t", ...triggerSchema.parse({ name: "T", event: "lead", ...definition }) },
    ]);

  it("keeps what is switched off from the site", () => {
    expect(compile({ on: { type: "page_view" }, enabled: false })).toEqual([]);
  });

  it("makes conditions and typed parameters", () => {
    const definition = {
      on: { type: "click", selector: "#demo" },
      conditions: [
        { variable: "page_path", operator: "not_starts_with", value: "/a" },
        { variable: "layer.cart.value", operator: "greater_than", value: "20" },
      ],
      event: "Demo Requested",
      parameters: [
        { name: "value", type: "number", value: "49.9" },
        { name: "vip", type: "boolean", value: "true" },
        { name: "text", variable: "element_text" },
        { name: "items", type: "items", variable: "layer.ecommerce.items" },
      ],
    };
    expect(compile(definition)).toEqual([
      [
        ["click", "auxclick"],
        [["^[01]$", 0, ["event", "button"]]],
        0,
        "#demo",
        [
          ["^\\/a", 1, ["location", "pathname"]],
          [20, 0, ["layer", "cart", "value"]],
        ],
        "demo_requested",
        [
          ["value", 49.9],
          ["vip", true],
          ["text", ["a[href],button,[role=button]", "textContent"], "t"],
          ["items", ["layer", "ecommerce", "items"], "i"],
        ],
        0,
      ],
    ]);
  });

  const PAGE = ["event", "none"];
  it.each([
    [{ type: "scroll", percent: 75 }, ["scroll"], [74.99, 0, ["scroll"]], PAGE],
    [{ type: "timer", seconds: 30 }, ["look"], [29_999, 0, ["since"]], PAGE],
    [{ type: "history_change" }, ["page_view"], [".", 0, ["event", "event"]], 0],
    [
      { type: "data_layer_event", name: "quote" },
      ["data_layer"],
      ["^quote$", 0, ["event", "event"]],
      0,
    ],
    [{ type: "element_visible", selector: "#x" }, ["look"], undefined, PAGE],
  ])("listens to %j on %j", (on, signals, condition, once) => {
    const [[given, when, oftenness] = []] = compile({ on });
    expect([given, when?.[0], oftenness]).toEqual([signals, condition, once]);
  });

  it("reads a field of a form by its name, whatever the name, and never a password", () => {
    const variable = "field.a\\b[0]";
    const on = { type: "form_submit" };
    const [trigger] = compile({ on, parameters: [{ name: "x", variable }] });
    expect(trigger?.[6]).toEqual([
      ["x", ['[name="a\\\\b[0]"]:not([type=password])', "value"], "t"],
    ]);
  });

  it("sends the step that was asked for, not how far it went beyond", () => {
    const scrolled = { on: { type: "scroll", percent: 50 } };
    const played = { on: { type: "video", progress: "complete" } };
    const percentOf = (definition: object, variable: string) =>
      compile({ ...definition, parameters: [{ name: "p", type: "number", variable }] })[0]?.[6];
    expect(percentOf(scrolled, "percent_scrolled")).toEqual([["p", 50]]);
    expect(percentOf(played, "video_percent")).toEqual([["p", 100]]);
  });
});
