import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testEngines, urlOf } from "../support/database.ts";
import { runOn, startPostgres, type TestPostgres } from "../support/postgres.ts";
import {
  callApi,
  createDataDir,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

describe.runIf(testEngines.includes("postgres"))("reports of providers", () => {
  let server: TestPostgres;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  it("are on the journey although the database was away, and the service killed before it came back", async () => {
    await runOn(server.url, "CREATE DATABASE reports");
    const dataDir = await createDataDir();
    const env = { SECRET: "a secret of the tests", DATABASE_URL: urlOf(server.url, "reports") };
    let service = await startService({ dataDir, env });
    try {
      await callApi(service, "POST", "/v1/identify", {
        userId: "ana",
        traits: { email: "ana@ex.test" },
      });
      await waitUntilSettled(service);
      await server.shutDown();
      const report = { id: "r1", event: "delivered", email: "ana@ex.test" };
      const stranger = { id: "r2", event: "delivered", email: "nobody@ex.test" };
      expect(await send(service, [report, stranger])).toMatchObject({ waiting: 2 });
      await service.end("SIGKILL");
      await server.startAgain();
      service = await startService({ dataDir, env });
      // A killed node's leases run for ten seconds more.
      const soon = { timeout: 80_000 };
      await expect.poll(() => outcomesOf(service), soon).toEqual(["delivered"]);
      await expect
        .poll(() => callApi(service, "GET", "/v1/failed-events"), soon)
        .toMatchObject({ reasons: [{ reason: "unmatched_mail", count: 1 }] });
      // The provider saw no answer, and sends it again.
      expect(await send(service, [report])).toMatchObject({ accepted: 1 });
      await waitUntilSettled(service);
      expect(await outcomesOf(service)).toEqual(["delivered"]);
    } finally {
      await disposeService(service);
    }
  });
});

function send(service: RunningService, reports: object[]): Promise<object> {
  return callApi(service, "POST", "/v1/hooks/generic", reports);
}

async function outcomesOf(service: RunningService): Promise<string[]> {
  const { entries } = await callApi<{ entries: { type: string; source: string }[] }>(
    service,
    "GET",
    "/v1/contacts/ana/journey",
  );
  return entries.filter(({ source }) => source === "esp").map(({ type }) => type);
}
