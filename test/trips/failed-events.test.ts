import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Db } from "../../src/db/db.ts";
import { sql } from "../../src/db/sql.ts";
import {
  createTestDatabase,
  openAgain,
  type TestDatabase,
  testEngines,
} from "../support/database.ts";
import {
  API_KEY,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";

const run = promisify(execFile);

interface FailedAnswer {
  id: string;
  status: string;
  reason: string;
  raw: string;
}

/** What the calls answer with, all together. */
interface Answer extends FailedAnswer {
  failed_events: FailedAnswer[];
  reasons: { reason: string; count: number }[];
  next: string | null;
  accepted: number;
}

describe.each(testEngines)("refused events, on %s", (engine) => {
  let database: TestDatabase;
  let service: RunningService;
  let db: Db;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    env = {
      DATABASE_URL: engine === "postgres" ? database.location : `file:${database.location}`,
      SECRET: "a secret for every node",
    };
    service = await startService({ env });
    db = openAgain(database);
  });
  afterAll(async () => {
    await db.close();
    await disposeService(service);
    await database.dispose();
  });

  async function collect(path: string, body: string): Promise<number> {
    const authorization = `Basic ${Buffer.from(`${WRITE_KEY}:`).toString("base64")}`;
    const answer = await fetch(service.url + path, {
      method: "POST",
      headers: { authorization },
      body,
    });
    await waitUntilSettled(service);
    return answer.status;
  }

  async function call(method: string, path: string, body?: object) {
    const answer = await fetch(`${service.url}/v1/failed-events${path}`, {
      method,
      headers: { authorization: `Bearer ${API_KEY}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    await waitUntilSettled(service);
    const said: Answer = JSON.parse(await answer.text());
    return { status: answer.status, body: said };
  }

  async function open(): Promise<FailedAnswer[]> {
    return (await call("GET", "")).body.failed_events;
  }

  async function stored(name: string): Promise<number> {
    const row = await db.get<{ count: number }>(
      sql`SELECT COUNT(*) AS count FROM events WHERE workspace_id = 1 AND name = ${name}`,
    );
    return row?.count ?? 0;
  }

  it("keeps one with its reason, and counts it once when it is mended and replayed", async () => {
    expect(await collect("/v1/track", '{"userId":"u1","event":"","properties":{"a":1}}')).toBe(400);
    const [one] = await open();
    expect(one).toMatchObject({ reason: "missing_event_name", status: "open" });
    // The path alone said that it was a track call.
    const mended = { ...JSON.parse(one?.raw ?? ""), event: "demo_mended" };
    const at = `/${one?.id}`;

    const early = await call("POST", `${at}/replay`);
    expect(early.body).toMatchObject({
      status: "open",
      accepted: 0,
      rejected: [{ index: 0, code: "missing_event_name" }],
    });
    await call("PATCH", at, { edited: JSON.stringify(mended) });
    const both = await Promise.all([call("POST", `${at}/replay`), call("POST", `${at}/replay`)]);
    expect(both.map(({ status }) => status)).toContain(200);
    expect(await stored("demo_mended")).toBe(1);
    expect(await call("POST", `${at}/replay`)).toMatchObject({
      status: 409,
      body: { code: "already_settled" },
    });
    expect((await call("GET", at)).body).toMatchObject({ status: "replayed", raw: one?.raw });
  });

  it("takes the good events of a mended batch, and keeps the bad one by itself", async () => {
    expect(await collect("/v1/batch", '{"batch": [oops')).toBe(400);
    const broken = (await open()).find(({ reason }) => reason === "invalid_json");
    const batch = [
      { type: "track", event: "batch_mended", userId: "u1" },
      { type: "track", event: "batch_mended", userId: "u2" },
      { type: "track", event: "batch_mended" },
    ];
    await call("PATCH", `/${broken?.id}`, { edited: JSON.stringify({ batch }) });
    const { body } = await call("POST", `/${broken?.id}/replay`);
    expect(body).toMatchObject({ accepted: 2, rejected: [{ index: 2, code: "no_identity" }] });
    expect(await stored("batch_mended")).toBe(2);
    const [left] = await open();
    expect(left).toMatchObject({ reason: "no_identity", status: "open" });
    const { id = "" } = left ?? {};

    expect(await call("PATCH", `/${id}`, { status: "discarded" })).toMatchObject({ status: 422 });
    await call("PATCH", `/${id}`, { status: "discarded", note: "a test of ours" });
    expect(await open()).toEqual([]);
    expect((await call("GET", "?status=discarded")).body.failed_events).toMatchObject([
      { id, note: "a test of ours" },
    ]);
    expect((await call("PATCH", `/${id}`, { status: "open" })).body.status).toBe("open");
    await call("PATCH", `/${id}`, { status: "discarded", note: "a test of ours" });
  });

  it.each([
    ["click", { source: "email", type: "click" }],
    ["hook-ses", { source: "esp", type: "bounced" }],
  ])(
    "takes a fact of %s that the database refused once it is mended, and says what is wrong until then",
    async (sourceId, kind) => {
      // As the journal carries it, with an amount that has no currency.
      const name = `${kind.type}_refused`;
      const fact = {
        workspace_id: 1,
        event_id: "e1",
        source_id: sourceId,
        ...kind,
        name,
        occurred_at: 1_767_607_200_000,
        received_at: 1_767_607_200_000,
        value_minor: 5,
        context: '{"method":"GET"}',
        properties: "{}",
      };
      await db.run(sql`
      INSERT INTO failed_events
        (workspace_id, failed_id, received_at, source_id, refuses_join, reason, raw)
      VALUES (1, ${name}, ${Date.now()}, ${sourceId}, 0, 'CHECK failed', ${JSON.stringify(fact)})`);
      const at = `/${name}`;
      const wrong =
        "The fact is wrong at /value_minor: Expected an amount with its currency, or neither.";

      expect((await call("POST", `${at}/replay`)).body).toMatchObject({
        status: "open",
        accepted: 0,
        rejected: [{ index: 0, code: "invalid_body", message: wrong }],
      });
      expect((await call("GET", at)).body).toMatchObject({ status: "open", reason: wrong });

      await call("PATCH", at, { edited: JSON.stringify({ ...fact, currency: "EUR" }) });
      expect((await call("POST", `${at}/replay`)).body).toMatchObject({
        status: "replayed",
        accepted: 1,
      });
      const stored = await db.all<{ context: string }>(sql`
      SELECT source_id, value_minor, currency, context FROM events
      WHERE workspace_id = 1 AND name = ${name}`);
      expect(stored).toMatchObject([{ source_id: sourceId, value_minor: 5, currency: "EUR" }]);
      expect(JSON.parse(stored[0]?.context ?? "")).toEqual({ method: "GET" });
    },
  );

  it("replays all of a reason by the API and the command line", async () => {
    for (const n of [1, 2, 3]) {
      await collect("/v1/track", JSON.stringify({ event: "without_identity", properties: { n } }));
    }
    await collect("/v1/track", JSON.stringify({ userId: "u1" }));
    for (const { id, raw, reason } of await open()) {
      const edited = JSON.stringify({ ...JSON.parse(raw), userId: "u9", event: "all_mended" });
      if (reason === "no_identity") await call("PATCH", `/${id}`, { edited });
    }
    const listed = (await call("GET", "?limit=2&reason=no_identity")).body;
    expect(listed.reasons).toEqual([
      { reason: "no_identity", count: 3 },
      { reason: "missing_event_name", count: 1 },
    ]);
    const rest = (await call("GET", `?limit=2&reason=no_identity&cursor=${listed.next}`)).body;
    expect(rest).toMatchObject({ failed_events: [{ reason: "no_identity" }], next: null });

    const [first] = listed.failed_events;
    const cli = (...args: string[]) =>
      run(process.execPath, ["dist/cli.js", "replay", ...args], {
        env: { PATH: process.env["PATH"], ...env, DATA_DIR: service.dataDir },
      });
    expect((await cli("--dry-run")).stdout).toContain("3  no_identity");
    expect(JSON.parse((await cli("--id", String(first?.id))).stdout)).toMatchObject({
      status: "replayed",
    });
    expect((await call("POST", "/replay", { reason: "no_identity" })).body).toEqual({
      replayed: 2,
      accepted: 2,
      still_refused: 0,
    });
    expect((await call("POST", "/replay", {})).body).toMatchObject({ still_refused: 1 });
    expect(await stored("all_mended")).toBe(3);
  });

  it("scores a custom event by what the tracking plan declares of it", async () => {
    const plan = (method: string, name: string, body?: object) =>
      fetch(`${service.url}/v1/tracking-plan/${name}`, {
        method,
        headers: { authorization: `Bearer ${API_KEY}` },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    const seats = { name: "seats", type: "number", required: true };
    const declared = await plan("PUT", "demo_planned", { parameters: [seats], conversion: true });
    expect(await declared.json()).toMatchObject({ name: "demo_planned", conversion: true });
    const kept = await plan("PUT", "demo_planned", { parameters: [seats] });
    expect(await kept.json()).toMatchObject({ parameters: [seats], conversion: true });
    expect((await plan("PUT", "Order Completed", {})).status).toBe(422);
    const send = (messageId: string, properties: object) =>
      collect(
        "/v1/track",
        JSON.stringify({ messageId, userId: "u1", event: "demo_planned", properties }),
      );
    await send("planned", { seats: 3 });
    await send("missing", {});
    await send("wrong", { seats: "three" });
    expect((await plan("DELETE", "demo_planned")).status).toBe(204);
    expect((await plan("DELETE", "demo_planned")).status).toBe(404);
    await send("undeclared", { seats: 4 });
    const rows = await db.all<{ event_id: string; quality_failed: string }>(sql`
      SELECT event_id, quality_failed FROM events
      WHERE workspace_id = 1 AND name = 'demo_planned' ORDER BY event_id`);
    // No page is named: that check fails for each of them.
    expect(rows).toEqual([
      { event_id: "missing", quality_failed: "required_params,page_context" },
      { event_id: "planned", quality_failed: "page_context" },
      { event_id: "undeclared", quality_failed: "known_event,page_context" },
      { event_id: "wrong", quality_failed: "param_types,page_context" },
    ]);
  });
});
