import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import {
  callApi,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

interface Journey {
  entries: { type: string; source: string; at: string }[];
}

describe.each(testEngines)("reports of nobody known yet, on %s", (engine) => {
  let database: TestDatabase;
  let service: RunningService;

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    const url = engine === "postgres" ? database.location : `file:${database.location}`;
    service = await startService({ env: { DATABASE_URL: url, SECRET: "a secret of the tests" } });
  });
  afterAll(async () => {
    await disposeService(service);
    await database.dispose();
  });

  const countsOf = async () => {
    const { hooks } = await callApi<{ hooks: { esp: string; counts: object }[] }>(
      service,
      "GET",
      "/v1/hooks",
    );
    return hooks.find(({ esp }) => esp === "generic")?.counts;
  };
  const replay = () =>
    callApi<object>(service, "POST", "/v1/failed-events/replay", { reason: "unmatched_mail" });

  it("are matched by a replay once the contact is known, at the time at which they came", async () => {
    const report = {
      id: "r1",
      event: "bounced",
      email: "late@ex.test",
      ts: "2026-03-01T10:00:00Z",
    };
    const send = () => callApi<object>(service, "POST", "/v1/hooks/generic", [report, report]);
    expect(await send()).toMatchObject({ unmatched: 2 });
    await waitUntilSettled(service);
    expect(await replay()).toEqual({ replayed: 0, accepted: 0, still_refused: 1 });

    await callApi(service, "POST", "/v1/identify", {
      userId: "late",
      traits: { email: "late@ex.test" },
    });
    await waitUntilSettled(service);
    expect(await replay()).toEqual({ replayed: 1, accepted: 1, still_refused: 0 });
    expect(await replay()).toEqual({ replayed: 0, accepted: 0, still_refused: 0 });
    await waitUntilSettled(service);
    const { entries } = await callApi<Journey>(service, "GET", "/v1/contacts/late/journey");
    expect(entries.filter(({ source }) => source === "esp")).toMatchObject([
      { type: "bounced", at: "2026-03-01T10:00:00.000Z" },
    ]);
    expect(await countsOf()).toMatchObject({ bounced: 1, unmatched: 1 });
  });

  it("stay open with their reason where they were not understood", async () => {
    await callApi(service, "POST", "/v1/hooks/generic", { id: "r2", event: "exploded" });
    await waitUntilSettled(service);
    expect(await callApi(service, "POST", "/v1/failed-events/replay", {})).toMatchObject({
      still_refused: 1,
    });
    const { reasons } = await callApi<{ reasons: object[] }>(service, "GET", "/v1/failed-events");
    expect(reasons).toEqual([{ reason: "invalid_event", count: 1 }]);
  });

  it("are taken by the hundred, each once, also by two replays at the same time", async () => {
    const before = { unmatched: 0, ...(await countsOf()) };
    const report = (n: number) => ({ id: `many-${n}`, event: "deferred", email: `m${n}@ex.test` });
    const reports = Array.from({ length: 250 }, (_, n) => report(n));
    expect(await callApi(service, "POST", "/v1/hooks/generic", reports)).toMatchObject({
      unmatched: 250,
    });
    // Every other one is somebody we come to know.
    const batch = reports
      .filter((_report, n) => n % 2 === 0)
      .map(({ email }) => ({ type: "identify", userId: email, traits: { email } }));
    await callApi(service, "POST", "/v1/batch", { batch });
    await waitUntilSettled(service);
    await Promise.all([replay(), replay()]);
    expect(await replay()).toEqual({ replayed: 0, accepted: 0, still_refused: 125 });
    await waitUntilSettled(service);
    const { entries } = await callApi<Journey>(service, "GET", "/v1/contacts/m248@ex.test/journey");
    expect(entries.filter(({ type }) => type === "deferred")).toHaveLength(1);
    expect(await countsOf()).toMatchObject({ deferred: 125, unmatched: before.unmatched + 125 });
    const { reasons } = await callApi<{ reasons: object[] }>(service, "GET", "/v1/failed-events");
    expect(reasons).toContainEqual({ reason: "unmatched_mail", count: 125 });
  });
});
