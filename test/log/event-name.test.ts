import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isEventAlias, toEventName } from "../../src/log/event-name.ts";
import { STANDARD_EVENTS } from "../../src/log/standard-events.ts";

describe("toEventName", () => {
  it.each([
    ["Order Completed", "purchase"],
    ["order completed", "purchase"],
    ["order_completed!", "purchase"],
    ["purchase", "purchase"],
    ["Product Added to Wishlist", "add_to_wishlist"],
    ["Unsubscribed", "email_unsubscribed"],
    ["Demo Requested", "demo_requested"],
    ["demoRequested", "demo_requested"],
    ["  demo-requested ", "demo_requested"],
    ["Anmeldung für Österreich", "anmeldung_für_österreich"],
    ["購入", "購入"],
    ["!!", "!!"],
  ])("keeps %j as %j", (given, expected) => {
    expect(toEventName(given)).toBe(expected);
  });

  it.each([
    // Meta's, TikTok's and Pinterest's own names.
    ["PageView", "page_view"],
    ["ViewContent", "view_item"],
    ["view_content", "view_item"],
    ["InitiateCheckout", "begin_checkout"],
    ["CompleteRegistration", "sign_up"],
    ["signup", "sign_up"],
    ["Lead", "generate_lead"],
    ["Search", "search"],
    ["CompletePayment", "purchase"],
    ["PlaceAnOrder", "place_order"],
    ["SubmitForm", "form_submit"],
    ["ClickButton", "click"],
    ["view_category", "view_item_list"],
    // The sender's own word for something else.
    ["click_button", "click_button"],
    ["checkout", "checkout"],
  ])("knows the platforms' %j as %j", (given, expected) => {
    expect(toEventName(given)).toBe(expected);
  });

  it("knows every platform's name of every standard event", () => {
    const unknown = [...STANDARD_EVENTS.values()].flatMap(({ native }) =>
      Object.values(native).filter((name) => name && !STANDARD_EVENTS.has(toEventName(name))),
    );
    expect(unknown).toEqual(["checkout"]);
  });

  it("names once as well as twice", () => {
    expect(toEventName("ͱ𝕬")).toBe("ͱ𝕬");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        const once = toEventName(name);
        expect(toEventName(once)).toBe(once);
      }),
    );
  });
});

describe("STANDARD_EVENTS", () => {
  it("holds the 63 events of the vocabulary and email_deferred", () => {
    expect(STANDARD_EVENTS.size).toBe(64);
    expect(STANDARD_EVENTS.get("purchase")).toEqual({
      name: "purchase",
      category: "ecommerce",
      required: [
        { name: "transaction_id", type: "string" },
        { name: "items", type: "items" },
      ],
      conditional: [
        { name: "currency", type: "string" },
        { name: "value", type: "number" },
      ],
      optional: [
        { name: "customer_type", type: "string" },
        { name: "coupon", type: "string" },
        { name: "shipping", type: "number" },
        { name: "tax", type: "number" },
      ],
      aliases: ["Order Completed"],
      native: { ga4: "purchase", meta: "Purchase", tiktok: "Purchase", pinterest: "checkout" },
      keyEvent: true,
    });
  });

  it("knows aliases in any case", () => {
    expect(isEventAlias("ORDER COMPLETED")).toBe(true);
    expect(isEventAlias("purchase")).toBe(false);
  });
});
