import { describe, expect, it } from "vitest";
import type { EventRow } from "../../src/log/event.ts";
import { isEngagement } from "../../src/traffic/engagement.ts";
import { fact } from "../support/traffic-facts.ts";

describe("isEngagement", () => {
  it.each<[string, Partial<EventRow>, boolean]>([
    ["a scroll", { name: "scroll" }, true],
    ["a page view", { type: "page", name: "page_view" }, false],
    ["a list that came into view", { name: "view_item_list" }, false],
    ["time spent", { name: "user_engagement", properties: { engagement_time_msec: 900 } }, true],
    ["no time spent", { name: "user_engagement", properties: { engagement_time_msec: 0 } }, false],
    ["a form begun by a hand", { name: "form_start", context: { interacted: 1 } }, true],
    ["a form begun by autofocus", { name: "form_start", context: { interacted: 0 } }, false],
    ["a purchase on a page of thanks", { name: "purchase", context: { interacted: 0 } }, true],
    ["an event of the site's own", { name: "banner_shown" }, false],
  ])("%s: %j is %s", (_says, known, expected) => {
    expect(isEngagement(fact(1, "e", 0, { source: "site", type: "track", ...known }))).toBe(
      expected,
    );
  });
});
