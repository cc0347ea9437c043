import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readHorizonLag } from "../../src/log/horizon.ts";
import { MOST_EVENT_NAMES } from "../../src/reports/event-names.ts";
import { createTestDatabase, testEngines } from "../support/database.ts";
import {
  createClickPath,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";

describe("/metrics", () => {
  let service: RunningService;
  let lines: string[];

  beforeAll(async () => {
    service = await startService();
    const pathname = await createClickPath(service);
    const get = (path: string) => fetch(service.url + path, { redirect: "manual" });
    for (let n = 0; n < 5; n++) await get(pathname);
    await get("/c/forged/forged");
    await get(pathname.replace(/^\/c\/.*/, (path) => path.toLowerCase()));
    const collect = (batch: readonly object[]) =>
      fetch(`${service.url}/v1/batch`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${WRITE_KEY}:`)}` },
        body: JSON.stringify({ batch }),
      });
    await collect([{ type: "track", userId: "1" }]);
    const madeUp = Array.from({ length: MOST_EVENT_NAMES + 3 }, (_, n) => `viewed_product_${n}`);
    for (let at = 0; at < madeUp.length; at += 1000) {
      const slice = madeUp.slice(at, at + 1000);
      await collect(slice.map((event) => ({ type: "track", userId: "1", event })));
    }
    await waitUntilSettled(service);
    lines = (await (await get("/metrics")).text()).split("\n");
  });
  afterAll(() => disposeService(service));

  const readValue = (name: string): number => {
    const line = lines.find((one) => one.startsWith(`${name} `));
    return line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
  };

  it("show how long redirects took, as a histogram that Prometheus reads", () => {
    expect(lines).toContain("# TYPE clicktrail_redirect_seconds histogram");
    expect(readValue("clicktrail_redirect_seconds_count")).toBe(5);
    expect(readValue('clicktrail_redirect_seconds_bucket{le="+Inf"}')).toBe(5);
    expect(readValue("clicktrail_redirect_seconds_sum")).toBeGreaterThan(0);
    const buckets = lines.filter((line) => line.startsWith("clicktrail_redirect_seconds_bucket"));
    const counts = buckets.map((line) => Number(line.split(" ")[1]));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  it("count what was not kept in the ordinary way, by its reason", () => {
    expect(readValue('clicktrail_link_misses_total{kind="click",reason="unknown"}')).toBe(1);
    expect(readValue('clicktrail_link_misses_total{kind="click",reason="case_changed"}')).toBe(1);
    expect(readValue('clicktrail_rejected_events_total{reason="missing_event_name"}')).toBe(1);
    expect(readValue('clicktrail_hits_total{kind="click",kept="dropped"}')).toBe(0);
  });

  it("count what reports sum up as one name, by workspace", () => {
    expect(readValue('clicktrail_folded_events{workspace="1"}')).toBe(3);
  });

  it("show how far everything is behind", () => {
    expect(readValue("clicktrail_import_lag_seconds")).toBeGreaterThanOrEqual(0);
    expect(readValue('clicktrail_projection_lag_events{projection="traffic"}')).toBeLessThan(100);
    expect(readValue("clicktrail_connections")).toBeGreaterThan(0);
  });
});

describe.runIf(testEngines.includes("postgres"))("the horizon of PostgreSQL", () => {
  it("has an age in seconds", async () => {
    const database = await createTestDatabase("postgres");
    try {
      const lag = await readHorizonLag(database.db, 5000);
      expect(lag).toBeGreaterThanOrEqual(0);
      expect(lag).toBeLessThan(3600);
    } finally {
      await database.dispose();
    }
  });
});
