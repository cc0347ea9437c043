import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testEngines, urlOf } from "../support/database.ts";
import { runOn, startPostgres, type TestPostgres } from "../support/postgres.ts";
import {
  callApi,
  createDataDir,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

const HTML = `<a href="https://shop.test/a">A</a><a href="https://shop.test/b">B</a>
  <a href="https://shop.test/c">C</a><a href="https://shop.test/d">D</a>`;

const POSTMARK = "a-password-for-postmark";

/** A database that can be taken away while the service is stopped, and given back. */
interface Database {
  readonly env: NodeJS.ProcessEnv;
  takeAway(): Promise<void>;
  giveBack(): Promise<void>;
}

describe.each(testEngines)("a start while %s is away", (engine) => {
  let server: TestPostgres | undefined;
  let dataDir: string;
  let database: Database;
  let service: RunningService;
  const messages = new Map<string, string>();

  beforeAll(async () => {
    dataDir = await createDataDir();
    server = engine === "postgres" ? await startPostgres() : undefined;
    database = server ? await onPostgres(server) : onSqlite(dataDir);
  });
  afterAll(async () => {
    await service.end("SIGKILL");
    await server?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const start = () =>
    startService({ dataDir, env: { LOG_LEVEL: "info", CLICK_PARAM: "jt", ...database.env } });

  it("honours what was changed after the send, and what contacts allow", async () => {
    service = await start();
    await callApi(service, "POST", "/v1/sites", { name: "Shop", hosts: ["shop.test"] });
    const [ana, silent] = [await rewriteFor("ana"), await rewriteFor("silent")];
    const links = "/v1/campaigns/spring/links";
    await waitUntilSettled(service);
    await callApi(service, "PATCH", `${links}/0`, { stopped: true });
    await callApi(service, "PATCH", `${links}/1`, { destination: "https://shop.test/new" });
    await callApi(service, "PATCH", `${links}/2`, {
      expires_at: "2026-01-01T00:00:00Z",
      fallback: "https://shop.test/over",
    });
    const consent = { clicks: "none", opens: "none", site: "none" };
    await callApi(service, "PUT", "/v1/contacts/silent/consent", consent);
    await callApi(service, "PUT", "/v1/hooks/postmark", { credential: POSTMARK });
    await service.end("SIGTERM");

    await database.takeAway();
    service = await start();
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
    const tagged = await Promise.all(ana.slice(1).map(clickTo));
    expect(tagged).toEqual(
      ["new", "over", "d"].map((at) =>
        expect.stringMatching(`^https://shop\\.test/${at}\\?jt=\\w+$`),
      ),
    );
    for (const paths of [ana, silent]) {
      expect(await Promise.all(paths.map(follow))).toEqual([
        "410",
        "https://shop.test/new",
        "https://shop.test/over",
        "https://shop.test/d",
      ]);
    }

    expect(await report("ana", "a wrong password")).toBe(401);
    expect(await report("ana", POSTMARK)).toBe(200);

    await database.giveBack();
    await waitUntilSettled(service, 60_000);
    // That they wait for the database is no trouble of theirs.
    expect(service.output()).not.toContain("Kept reports could not be matched");
    await expect.poll(() => countIn("ana", "delivered"), { timeout: 60_000 }).toBe(1);
    expect(await clicksOf("ana")).toBe(7);
    expect(await clicksOf("silent")).toBe(0);
    expect(await service.end("SIGTERM")).toBe(0);
  });

  it("goes by the database again as soon as it answers", async () => {
    service = await start();
    await callApi(service, "PATCH", "/v1/campaigns/spring/links/0", { stopped: false });
    // Killed at once: the copy on disk may still say the opposite.
    await service.end("SIGKILL");
    service = await start();
    const [first = ""] = await rewriteFor("ana");
    expect(await follow(first)).toBe("https://shop.test/a");
    await service.end("SIGTERM");
  });

  async function rewriteFor(contact: string): Promise<string[]> {
    const mail = { html: HTML, campaign: "spring", contact: { id: contact } };
    const answer = await callApi<{ message_id: string; links: { tracking_url: string }[] }>(
      service,
      "POST",
      "/v1/rewrite",
      mail,
    );
    messages.set(contact, answer.message_id);
    return answer.links.map(({ tracking_url }) => new URL(tracking_url).pathname);
  }

  /** Where a click leads, without the click's own id; or the status of a page. */
  async function follow(pathname: string): Promise<string> {
    return (await clickTo(pathname)).replace(/\?jt=\w+$/, "");
  }

  /** The same with the click's own id. */
  async function clickTo(pathname: string): Promise<string> {
    const headers = { "user-agent": "Mozilla/5.0 Firefox/140.0" };
    const answer = await fetch(service.url + pathname, { redirect: "manual", headers });
    await answer.arrayBuffer();
    return answer.headers.get("location") ?? String(answer.status);
  }

  const clicksOf = (contact: string) => countIn(contact, "click");

  async function countIn(contact: string, wanted: string): Promise<number> {
    const route = `/v1/contacts/${contact}/journey?limit=200`;
    const { entries } = await callApi<{ entries: { type: string }[] }>(service, "GET", route);
    return entries.filter(({ type }) => type === wanted).length;
  }

  /** What Postmark says of a mail to a contact; the status it is answered with. */
  async function report(contact: string, password: string): Promise<number> {
    const authorization = `Basic ${Buffer.from(`clicktrail:${password}`).toString("base64")}`;
    const answer = await fetch(`${service.url}/v1/hooks/postmark`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({
        RecordType: "Delivery",
        MessageID: "p1",
        Recipient: "somebody@ex.test",
        DeliveredAt: new Date().toISOString(),
        Metadata: { clicktrail_message_id: messages.get(contact) },
      }),
    });
    return answer.status;
  }
});

/** A folder in the file's place: what a volume that was not mounted leaves. */
function onSqlite(dataDir: string): Database {
  const file = path.join(dataDir, "clicktrail.db");
  return {
    env: {},
    async takeAway() {
      await rename(file, `${file}.away`);
      await mkdir(file);
    },
    async giveBack() {
      await rm(file, { recursive: true });
      await rename(`${file}.away`, file);
    },
  };
}

async function onPostgres(server: TestPostgres): Promise<Database> {
  await runOn(server.url, "CREATE DATABASE away");
  return {
    env: { DATABASE_URL: urlOf(server.url, "away"), SECRET: "a secret that every node shares" },
    takeAway: server.shutDown,
    giveBack: server.startAgain,
  };
}
