import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import { drawDays, shareOf } from "../../src/http/pages/traffic-view.ts";
import type { TrafficQuery } from "../../src/reports/traffic.ts";
import { createTestApp, createTestPages, NOON, TRAFFIC } from "./fakes.ts";
import { signInAdmin } from "./signed-in.ts";

describe("/traffic", () => {
  let access: Access;
  let dispose: () => Promise<void>;
  let cookie: string;
  const asked: TrafficQuery[] = [];

  beforeAll(async () => {
    ({ access, cookie, dispose } = await signInAdmin());
  });
  afterAll(() => dispose());

  function app() {
    const pages = createTestPages(access, {
      readTraffic: async (_workspaceId, query) => {
        asked.push(query);
        return TRAFFIC;
      },
    });
    return createTestApp(access, { pages });
  }

  const get = (path: string) => request(app()).get(path).set("Cookie", cookie);

  it("shows people beside all hits, and why the others were filtered", async () => {
    const { text } = await get("/traffic");
    for (const part of [
      "1,200",
      "1,540",
      "12 unsure",
      "22 %",
      "Three or more links of one mail within a second",
      "someone_elses_signal",
      "Not known",
      '<rect class="bar-machine"',
    ]) {
      expect(text).toContain(part);
    }
  });

  it("asks for what was chosen, and for the usual where the choice is none", async () => {
    await get("/traffic?kind=open&days=90");
    expect(asked.at(-1)).toEqual({ kind: "open", days: 90, until: NOON });
    await get("/traffic?kind=visits&days=12");
    expect(asked.at(-1)).toEqual({ kind: "click", days: 30, until: NOON });
  });

  it.each([
    ["day", "2026-03-03,1540,1200,12,300,40"],
    ["reason", "burst_certain,280,0"],
    ["campaign", 'c1,"\'=Spring",1540,1200,12,300,40'],
    ["network", ",1540,1200,12,300,40"],
  ])("gives the table by %s as CSV, safe to open in a spreadsheet", async (by, line) => {
    const answer = await get(`/traffic.csv?by=${by}`);
    expect(answer.headers["content-type"]).toContain("text/csv");
    expect(answer.text).toContain(`${line}\r\n`);
  });

  it("says which tables there are", async () => {
    const answer = await get("/traffic.csv?by=moon").set("Accept", "application/json");
    expect(answer.status).toBe(422);
    expect(answer.text).toContain("day, reason, campaign or network");
  });
});

describe("drawDays", () => {
  it("stacks a day to its height, and leaves an empty one empty", () => {
    const { parts, height } = drawDays(TRAFFIC.days);
    expect(parts.map(({ kind }) => kind)).toEqual(["human", "machine", "prefetch"]);
    expect(parts.reduce((sum, part) => sum + part.height, 0)).toBeCloseTo(height, 0);
    expect(new Set(parts.map(({ x }) => x)).size).toBe(1);
  });
});

describe("shareOf", () => {
  it.each([
    [0, 0, "–"],
    [0, 10, "0 %"],
    [1, 1000, "under 1 %"],
    [340, 1540, "22 %"],
  ])("%i of %i is %s", (part, whole, text) => {
    expect(shareOf(part, whole)).toBe(text);
  });
});
