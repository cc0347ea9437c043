import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import type { NewDecision, ReviewList } from "../../src/contacts/review.ts";
import { BASE_URL, createTestApp, createTestPages, NOON } from "./fakes.ts";
import { signInAdmin } from "./signed-in.ts";

const LIST: ReviewList = {
  suggestions: [
    {
      into: { id: "refJane", user_id: null, email: "jane@ex.test" },
      from: { id: "refBob", user_id: "u2", email: "<script>@ex.test" },
      reasons: ["Both were seen on one device."],
    },
  ],
  decided: [
    {
      decision: "accept",
      into: { id: "refEve", name: "eve@ex.test" },
      from: { id: "refEve2", name: null },
      at: NOON,
    },
  ],
};

describe("/review", () => {
  let access: Access;
  let dispose: () => Promise<void>;
  let cookie: string;
  const decisions: NewDecision[] = [];

  beforeAll(async () => {
    ({ access, cookie, dispose } = await signInAdmin());
  });
  afterAll(() => dispose());

  function app() {
    const pages = createTestPages(access, {
      review: {
        list: async () => LIST,
        decide: async (_workspaceId, decision) => {
          decisions.push(decision);
        },
      },
      auditDecision: ({ workspaceId, kind, id }, { decision, into }) =>
        access.recordAudit(workspaceId, { kind, id }, `suggestion.${decision}`, into),
    });
    return createTestApp(access, { pages });
  }

  async function post(fields: Record<string, string>) {
    const page = await request(app()).get("/review").set("Cookie", cookie);
    const [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(page.text) ?? [];
    return request(app())
      .post("/review")
      .set({ Cookie: cookie, Origin: BASE_URL })
      .type("form")
      .send({ csrf, ...fields });
  }

  it("shows who may be one person, why, and what was decided, all escaped", async () => {
    const { text } = await request(app()).get("/review").set("Cookie", cookie);
    for (const part of [
      "jane@ex.test",
      "Both were seen on one device.",
      "&lt;script&gt;@ex.test",
      "Two people: keep apart",
      "eve@ex.test",
      "Undo",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain("<script>@");
  });

  it.each(["accept", "reject", "undo"])(
    "takes %s, and notes in the audit log who did it",
    async (decision) => {
      const answer = await post({ decision, into: "refJane", from: "refBob" });
      expect([answer.status, answer.headers["location"]]).toEqual([303, "/review"]);
      expect(decisions.at(-1)).toEqual({ decision, into: "refJane", from: "refBob" });
      const entries = await access.auditLog.list(1, 50, undefined);
      expect(entries).toContainEqual(
        expect.objectContaining({ action: `suggestion.${decision}`, subject: "refJane" }),
      );
    },
  );

  it("refuses a forged form", async () => {
    const count = decisions.length;
    const answer = await post({
      csrf: "forged",
      decision: "accept",
      into: "refJane",
      from: "refBob",
    });
    expect(answer.status).toBe(403);
    expect(decisions).toHaveLength(count);
  });

  it("says what a decision can be", async () => {
    const answer = await post({ decision: "merge", into: "refJane", from: "refBob" });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain("accept, reject or undo");
  });
});
