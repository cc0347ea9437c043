import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testEngines, urlOf } from "../support/database.ts";
import { runOn, startPostgres, type TestPostgres } from "../support/postgres.ts";
import {
  createDataDir,
  disposeService,
  type RunningService,
  startService,
} from "../support/service.ts";
import { sendMailing } from "./support/mailing.ts";
import { clickDuring, expectEachOnce, suffer } from "./support/suffer.ts";

const SECRET = "a secret that every node shares";

describe.runIf(testEngines.includes("postgres"))("redirects while PostgreSQL suffers", () => {
  let server: TestPostgres;
  let databases = 0;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  async function createEnv(): Promise<NodeJS.ProcessEnv> {
    databases += 1;
    await runOn(server.url, `CREATE DATABASE faults_${databases}`);
    return { SECRET, DATABASE_URL: urlOf(server.url, `faults_${databases}`) };
  }

  it("keeps its promise while it is shut down", async () =>
    suffer({
      env: await createEnv(),
      async inject() {
        await server.shutDown();
        return server.startAgain;
      },
      meanwhile: (service) => expectNotReady(service, /ECONNREFUSED/),
    }));

  it("keeps its promise when it is killed", async () =>
    suffer({
      env: await createEnv(),
      async inject() {
        await server.signal("SIGKILL");
        return server.startAgain;
      },
      meanwhile: (service) => expectNotReady(service, /ECONNREFUSED/),
    }));

  it("keeps its promise while it is frozen", async () =>
    suffer({
      env: await createEnv(),
      async inject() {
        await server.signal("SIGSTOP");
        return () => server.signal("SIGCONT");
      },
      meanwhile: (service) => expectNotReady(service, /does not answer/),
    }));

  it("starts without it, redirects, and loads the rest when it is there", async () => {
    const env = { ...(await createEnv()), LOG_LEVEL: "info" };
    const dataDir = await createDataDir();
    const first = await startService({ dataDir, env });
    const mailing = await sendMailing(first);
    await first.end("SIGTERM");
    await server.shutDown();
    const service = await startService({ dataDir, env });
    try {
      await clickDuring(service, mailing, 50);
      await expectNotReady(service, /ECONNREFUSED/);
      await server.startAgain();
      await expectEachOnce(service, mailing);
      await expect.poll(service.signInUrl, { timeout: 10_000 }).toContain("/welcome?t=");
      expect(await service.end("SIGTERM")).toBe(0);
    } finally {
      await disposeService(service);
    }
  });
});

/** The service says that it is degraded, and why. */
async function expectNotReady({ url }: RunningService, reason: RegExp): Promise<void> {
  const response = await fetch(`${url}/readyz`);
  expect(response.status).toBe(503);
  const { database } = JSON.parse(await response.text());
  expect(database.failing).toMatch(reason);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
}
