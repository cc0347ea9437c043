import http from "node:http";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { openSqlite } from "../../src/db/sqlite/adapter.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import {
  callApi,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

/** Another node follows within a second; as much again for a machine that is busy with other tests. */
const A_SECOND = { timeout: 2000, interval: 20 };
const SHOP = "https://shop.example";
const HTML = `<a href="${SHOP}/first">One</a> <a href="${SHOP}/p?id={{id}}">Two</a>`;

interface Entry {
  type: string;
  url: string | null;
  properties: Record<string, unknown>;
}

describe.each(testEngines)("links after their mail was sent, on %s", (engine) => {
  let database: TestDatabase | undefined;
  let node: RunningService;
  /** A second node of the same installation; on SQLite there is but one. */
  let other: RunningService;
  let urls: string[];

  beforeAll(async () => {
    database = engine === "postgres" ? await createTestDatabase(engine) : undefined;
    const env: NodeJS.ProcessEnv = database
      ? { DATABASE_URL: database.location, SECRET: "a secret for every node" }
      : {};
    node = await startService({ env });
    other = database ? await startService({ env }) : node;
    const mail = { campaign: "spring sale", contact: { id: "ana" }, message_id: "m1" };
    const options = { merge_tags: "slots" };
    const { html } = await callApi<{ html: string }>(node, "POST", "/v1/rewrite", {
      ...mail,
      html: HTML,
      options,
    });
    urls = [...html.matchAll(/href="([^"]+)"/g)].map(([, url = ""]) => new URL(url).pathname);
    await waitUntilSettled(node);
  });
  afterAll(async () => {
    await disposeService(node);
    if (other !== node) await disposeService(other);
    await database?.dispose();
  });

  /** What a reader gets of a link: where they are sent, or the status of a page. */
  async function follow(from: RunningService, index: number, query = ""): Promise<string | number> {
    const answer = await fetch(from.url + urls[index] + query, { redirect: "manual" });
    await answer.arrayBuffer();
    return answer.status === 302 ? (answer.headers.get("location") ?? "") : answer.status;
  }

  const changeLink = (index: number, changes: object) =>
    callApi(node, "PATCH", `/v1/campaigns/spring%20sale/links/${index}`, changes);
  const changeCampaign = (changes: object) =>
    callApi(node, "PATCH", "/v1/campaigns/spring%20sale", changes);

  async function clicks(): Promise<Pick<Entry, "url" | "properties">[]> {
    await waitUntilSettled(node);
    const { entries } = await callApi<{ entries: Entry[] }>(
      node,
      "GET",
      "/v1/contacts/ana/journey?limit=200",
    );
    return entries
      .filter(({ type }) => type === "click")
      .map(({ url, properties }) => ({ url, properties }));
  }

  it("are edited at once here and within a second elsewhere, and old clicks stay as they were", async () => {
    expect(await follow(node, 0)).toBe(`${SHOP}/first`);
    await changeLink(0, { destination: `${SHOP}/second` });
    expect(await follow(node, 0)).toBe(`${SHOP}/second`);
    await expect.poll(() => follow(other, 0), A_SECOND).toBe(`${SHOP}/second`);
    await changeLink(0, { destination: null });
    expect(await follow(node, 0)).toBe(`${SHOP}/first`);
    await expect.poll(() => follow(other, 0), A_SECOND).toBe(`${SHOP}/first`);
    const edited = { url: `${SHOP}/second`, properties: { link_version: 1 } };
    const original = { url: `${SHOP}/first`, properties: {} };
    expect(await clicks()).toEqual(expect.arrayContaining([edited, original]));
  });

  it("keep the merge values of their mail", async () => {
    expect(await follow(node, 1, "?m0=42")).toBe(`${SHOP}/p?id=42`);
    await changeLink(1, { destination: `${SHOP}/item/{0}` });
    expect(await follow(node, 1, "?m0=42")).toBe(`${SHOP}/item/42`);
  });

  it("stop and go on with their campaign, and the hit on a stopped one is kept", async () => {
    await changeCampaign({ stopped: true });
    expect(await follow(node, 0)).toBe(410);
    await expect.poll(() => follow(other, 0), A_SECOND).toBe(410);
    await changeCampaign({ fallback: `${SHOP}/over` });
    expect(await follow(node, 0)).toBe(`${SHOP}/over`);
    await changeCampaign({ stopped: false });
    expect(await follow(node, 0)).toBe(`${SHOP}/first`);
    await expect.poll(() => follow(other, 0), A_SECOND).toBe(`${SHOP}/first`);
    expect(await clicks()).toEqual(
      expect.arrayContaining([
        { url: null, properties: { link_state: "stopped" } },
        { url: `${SHOP}/over`, properties: { link_state: "stopped" } },
      ]),
    );
  });

  it("expire", async () => {
    await changeLink(0, { expires_at: new Date(Date.now() - 1000).toISOString() });
    expect(await follow(node, 0)).toBe(`${SHOP}/over`);
    await changeCampaign({ fallback: null });
    expect(await follow(node, 0)).toBe(410);
    await changeLink(0, { expires_at: null });
    expect(await follow(node, 0)).toBe(`${SHOP}/first`);
  });

  it("stand on a domain of their workspace, which lends its name to no other's", async () => {
    const host = "click.brand.test";
    const db = database?.db ?? openSqlite({ file: path.join(node.dataDir, "clicktrail.db") });
    // A check needs real DNS and a certificate; what it leaves behind is this.
    await db.run(sql`
      INSERT INTO tracking_domains
        (workspace_id, host, is_default, created_at, checked_at, verified_at)
      VALUES (1, ${host}, 0, 1, 1, 1)`);
    if (!database) await db.close();
    const mail = { html: HTML, campaign: "own domain", contact: { id: "ana" } };
    const rewrite = { ...mail, options: { tracking_domain: host } };
    const send = () => callApi<{ html: string }>(other, "POST", "/v1/rewrite", rewrite);
    const href = /href="([^"]+)"/;
    await expect
      .poll(async () => href.exec((await send().catch(() => ({ html: "" }))).html)?.[1], A_SECOND)
      .toMatch(`https://${host}/c/`);
    const own = new URL(href.exec((await send()).html)?.[1] ?? "");
    expect(await statusAt(other, own.pathname, host)).toBe(302);

    const { api_key: key } = await callApi<{ api_key: string }>(other, "POST", "/v1/workspaces", {
      name: "Client",
    });
    const foreign = await fetch(`${other.url}/v1/rewrite`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(mail),
    });
    const { html } = (await foreign.json()) as { html: string };
    const theirs = new URL(href.exec(html)?.[1] ?? "");
    expect(await statusAt(other, theirs.pathname, theirs.host)).toBe(302);
    expect(await statusAt(other, theirs.pathname, host)).toBe(404);
  });

  it("leave every change in the audit log", async () => {
    const { entries } = await callApi<{ entries: { action: string; detail: unknown }[] }>(
      node,
      "GET",
      "/v1/audit?limit=200",
    );
    const edits = entries.filter(({ action }) => action === "link.change");
    expect(edits.at(-1)?.detail).toMatchObject({
      campaign: "spring sale",
      before: { destination: `${SHOP}/first` },
      after: { destination: `${SHOP}/second` },
    });
    expect(entries.map(({ action }) => action)).toContain("campaign.change");
  });
});

/** The status of a path when the reader's browser names this host. */
function statusAt(service: RunningService, pathname: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = http.get(service.url + pathname, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on("error", reject);
  });
}
