import request from "supertest";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import type { QualityQuery, QualityReport } from "../../src/reports/quality.ts";
import { BASE_URL, createTestApp, createTestPages, NOON } from "./fakes.ts";
import { signInAdmin } from "./signed-in.ts";

const REPORT: QualityReport = {
  totals: { events: 12, score: 74 },
  folded: {
    reason: "too_many_event_names",
    events: 4321,
    most_names: 2000,
    names: [{ event: "viewed_<product>_7", source_id: "s1" }],
  },
  days: [
    { day: "2026-03-02", events: 0, score: null },
    { day: "2026-03-03", events: 12, score: 74 },
  ],
  checks: [
    {
      check: "conditional_params",
      weight: 5,
      failed: 12,
      fault: "No currency.",
      change: "Send it.",
      example: {
        event: "purchase",
        event_id: "e1",
        received_at: "2026-03-03T10:00:00.000Z",
        url: null,
        properties: { note: "<script>" },
      },
    },
  ],
  events: [
    {
      event: "=purchase",
      source_id: "s1",
      events: 12,
      score: 74,
      worst_check: "naming",
      conversion: true,
    },
  ],
};

describe("/quality and /failed-events", () => {
  let access: Access;
  let dispose: () => Promise<void>;
  let cookie: string;
  const asked: QualityQuery[] = [];
  const replayed: (string | undefined)[] = [];
  let unmatched = 0;

  beforeAll(async () => {
    ({ access, cookie, dispose } = await signInAdmin());
  });
  beforeEach(() => {
    replayed.length = 0;
  });
  afterAll(() => dispose());

  function app() {
    const pages = createTestPages(access);
    return createTestApp(access, {
      pages: {
        ...pages,
        readQuality: async (_workspaceId, query) => {
          asked.push(query);
          return REPORT;
        },
        failedEvents: {
          ...pages.failedEvents,
          count: async () => [
            { reason: "no_identity", count: 3 },
            ...(unmatched === 0 ? [] : [{ reason: "unmatched_mail", count: unmatched }]),
          ],
          replayAll: async (_workspaceId, reason) => {
            replayed.push(reason);
            return { replayed: 2, accepted: 2, still_refused: 1 };
          },
        },
      },
    });
  }

  const get = (path: string) => request(app()).get(path).set("Cookie", cookie);

  it("shows the score, what to change and an example, escaped", async () => {
    const { text } = await get("/quality?days=7&event=purchase&source=s1").expect(200);
    expect(asked.at(-1)).toEqual({ days: 7, event: "purchase", sourceId: "s1", until: NOON });
    for (const part of ["No currency.", "Send it.", "&lt;script&gt;", "bar-fair"]) {
      expect(text).toContain(part);
    }
  });

  it("says which names are summed up as one, and what to do about it", async () => {
    const { text } = await get("/quality").expect(200);
    expect(text).toContain("4,321 events summed up as <code>(other)</code>");
    expect(text).toContain("<bdi>viewed_&lt;product&gt;_7</bdi></code> from <bdi>s1</bdi>");
    expect(text).toContain("have it send one name and put the rest into a property");
  });

  it("gives each table as CSV in which no name is a formula", async () => {
    const { text } = await get("/quality.csv?by=event").expect(200);
    expect(text).toBe(
      `event,source_id,events,score,worst_check,conversion\r\n"'=purchase",s1,12,74,naming,yes\r\n`,
    );
    await get("/quality.csv?by=moon").expect(422);
  });

  it("tries reports of nobody known again, from the page of the webhooks", async () => {
    unmatched = 2;
    const page = await get("/settings/hooks").expect(200);
    expect(page.text).toContain("2 reports of mails and contacts not known here");
    const [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(page.text) ?? [];
    const answer = await request(app())
      .post("/settings/hooks/unmatched/replay")
      .set("Cookie", cookie)
      .set("Origin", BASE_URL)
      .type("form")
      .send({ csrf })
      .expect(303);
    expect(replayed).toEqual(["unmatched_mail"]);
    unmatched = 0;
    const { text } = await get(String(answer.headers["location"])).expect(200);
    expect(text).toContain("Matched: 2. Still of nobody known here: 1.");
    expect(text).not.toContain("Try to match");
  });

  it("replays all of a reason with a form of its own page alone", async () => {
    const page = await get("/failed-events").expect(200);
    const [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(page.text) ?? [];
    const post = (token: string) =>
      request(app())
        .post("/failed-events")
        .set("Cookie", cookie)
        .set("Origin", BASE_URL)
        .type("form")
        .send({ csrf: token, reason: "no_identity" });
    await post("forged").expect(403);
    const answer = await post(csrf).expect(303);
    expect(replayed).toEqual(["no_identity"]);
    const { text } = await get(String(answer.headers["location"])).expect(200);
    expect(text).toContain("Replayed: 2 taken, 1 refused again.");
  });
});
