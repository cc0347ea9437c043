import { describe, expect, it } from "vitest";
import { AppError } from "../../../src/lib/errors.ts";
import { validate } from "../../../src/lib/validate.ts";
import { triggerSchema } from "../../../src/site/triggers/schema.ts";
import { findSelectorProblem } from "../../../src/site/triggers/selector.ts";

const good = { name: "T", on: { type: "page_view" }, event: "lead" };

function problemsOf(definition: object): Record<string, string> {
  try {
    validate(triggerSchema, { ...good, ...definition });
    return {};
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return Object.fromEntries(error.errors.map(({ pointer, message }) => [pointer, message]));
  }
}

describe("triggerSchema", () => {
  it.each([
    ["no name", { name: " " }, "/name", /Give the trigger a name/],
    ["no event", { event: "" }, "/event", /Name the event/],
    ["another type", { on: { type: "hover" } }, "/on/type", /one of page_view, click/],
    ["a step that is none", { on: { type: "scroll", percent: 60 } }, "/on/percent", /25/],
    ["a long timer", { on: { type: "timer", seconds: 9999 } }, "/on/seconds", /At most an hour/],
    ["no selector", { on: { type: "element_visible", selector: "" } }, "/on/selector", /such as/],
    ["an unknown key", { evnt: "x" }, "/evnt", /Did you mean "event"/],
    [
      "an unknown variable",
      { conditions: [{ variable: "cookie", operator: "present" }] },
      "/conditions/0/variable",
      /Unknown variable "cookie"/,
    ],
    [
      "a variable of something else",
      { conditions: [{ variable: "form_id", operator: "equals", value: "x" }] },
      "/conditions/0/variable",
      /only known to a trigger on form_submit/,
    ],
    [
      "a field without its form",
      { parameters: [{ name: "email", variable: "field.email" }] },
      "/parameters/0/variable",
      /only known to a trigger on form_submit/,
    ],
    [
      "a comparison with nothing",
      { conditions: [{ variable: "page_url", operator: "contains" }] },
      "/conditions/0/value",
      /Give the value/,
    ],
    [
      "a number that is none",
      { conditions: [{ variable: "query.n", operator: "greater_than", value: "many" }] },
      "/conditions/0/value",
      /Expected a number/,
    ],
    [
      "a parameter of two sources",
      { parameters: [{ name: "value", variable: "page_url", value: "x" }] },
      "/parameters/0/value",
      /either a variable or a value/,
    ],
    [
      "a typed constant that does not fit",
      { parameters: [{ name: "value", type: "number", value: "10 €" }] },
      "/parameters/0/value",
      /Expected a number/,
    ],
    [
      "a parameter's name that GA4 refuses",
      { parameters: [{ name: "my value", value: "1" }] },
      "/parameters/0/name",
      /letters, digits and _/,
    ],
  ])("refuses %s", (_case, definition, pointer, message) => {
    expect(problemsOf(definition)).toEqual({ [pointer]: expect.stringMatching(message) });
  });

  it("keeps a standard event's own name, and makes any other snake_case", () => {
    expect(triggerSchema.parse({ ...good, event: "Order Completed" }).event).toBe("purchase");
    expect(triggerSchema.parse({ ...good, event: "Demo Asked" }).event).toBe("demo_asked");
  });
});

describe("findSelectorProblem", () => {
  it.each([
    "#buy",
    ".menu > a",
    'a[href^="/a;b"]',
    "a:not(.x)",
    "a, b",
    "li:nth-child(2n+1)",
    "a\\:b",
  ])("accepts %s", (selector) => {
    expect(findSelectorProblem(selector)).toBeUndefined();
  });

  it.each(["", "a {", "a[href", "a)", 'a[x="1]', "a >", "#", "a..b", "a,,b", ", a"])(
    "refuses %j",
    (selector) => {
      expect(findSelectorProblem(selector)).toEqual(expect.any(String));
    },
  );
});
