import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SEGMENT_HEADER } from "../../src/log/segment.ts";
import { POSTGRES_TEMPLATE, SHARED, testEngines, urlOf } from "../support/database.ts";
import { frameOf } from "../support/frames.ts";
import { runOn } from "../support/postgres.ts";
import {
  API_KEY,
  callApi,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";

const ANA = {
  id: "ana-quixote-77",
  email: "Ana.Quixote@Example.com",
  traits: { name: "Dulcinea" },
};
const BOB = { id: "bob-panza-1", email: "bob@example.com" };
const VISITOR = "visitor-of-ana-4711";
const SHARED_VISITOR = "shared-tablet-0815";
const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

interface Journey {
  readonly contact: { readonly id: string };
  readonly entries: readonly { id: string; type: string; name: string; click_id: string | null }[];
}

describe.each(testEngines)("an erased contact on %s", (engine) => {
  let service: RunningService;
  let database: string | undefined;
  let anaLink = "";
  let bobLink = "";
  /** Everything that names Ana, as it stood in the data. */
  let names: string[] = [];
  let exported = "";
  let clicksAsCsv = "";
  let erasure: { id: string; state: string; counts: Record<string, number>; receipt: string };

  beforeAll(async () => {
    const env: NodeJS.ProcessEnv = { SECRET: "a secret of the erasure test" };
    if (engine === "postgres") {
      const server = process.env[SHARED.postgresUrl] ?? "";
      database = `t_${randomBytes(8).toString("hex")}`;
      await runOn(server, `CREATE DATABASE ${database} TEMPLATE ${POSTGRES_TEMPLATE}`);
      env["DATABASE_URL"] = urlOf(server, database);
    }
    service = await startService({ env });
    await live();
    names = await collectNames();
    expect(await namesFound()).toEqual(names);
    exported = await download(`/v1/contacts/${ANA.id}/export`);
    clicksAsCsv = await download("/v1/export/clicks?format=csv");
    erasure = await callApi(service, "DELETE", `/v1/contacts/${encodeURIComponent(ANA.email)}`);
  }, 60_000);
  afterAll(async () => {
    await disposeService(service);
    const server = process.env[SHARED.postgresUrl] ?? "";
    if (database) await runOn(server, `DROP DATABASE ${database} WITH (FORCE)`);
  });

  /** Ana and Bob get a mail, click it, look around, share a tablet; Bob recommends Ana. */
  async function live(): Promise<void> {
    await callApi(service, "POST", "/v1/sites", { name: "Shop", hosts: ["shop.test"] });
    anaLink = await sendMail(ANA, "mail-to-ana-1");
    bobLink = await sendMail(BOB, "mail-to-bob-1");
    const landing = await clickOn(anaLink);
    await clickOn(bobLink);
    await track({ type: "page", anonymousId: VISITOR, context: { page: { url: landing } } });
    await track({ type: "identify", anonymousId: VISITOR, userId: ANA.id, traits: ANA.traits });
    await track({ type: "track", anonymousId: VISITOR, event: "wish_added", messageId: "wish-1" });
    await track({ type: "identify", anonymousId: SHARED_VISITOR, userId: ANA.id });
    await track({ type: "track", anonymousId: SHARED_VISITOR, event: "seen_by_ana" });
    await track({ type: "identify", anonymousId: SHARED_VISITOR, userId: BOB.id });
    await track({ type: "track", anonymousId: SHARED_VISITOR, event: "seen_by_bob" });
    await track({
      type: "track",
      userId: BOB.id,
      event: "friend_invited",
      properties: {
        friend: ANA.email,
        page: `https://shop.test/?for=${encodeURIComponent(ANA.email)}`,
      },
    });
    await track({ type: "nonsense", userId: ANA.id, traits: { email: ANA.email } }, 400);
    await callApi(service, "PUT", `/v1/contacts/${ANA.id}/consent`, {
      opens: "none",
      source: "form",
    });
    await waitUntilSettled(service);
  }

  async function sendMail(contact: object, messageId: string): Promise<string> {
    const answer = await callApi<{ links: { tracking_url: string }[] }>(
      service,
      "POST",
      "/v1/rewrite",
      {
        html: '<a href="https://shop.test/offer">offer</a>',
        campaign: "Spring",
        contact,
        message_id: messageId,
      },
    );
    return answer.links[0]?.tracking_url ?? "";
  }

  async function clickOn(link: string): Promise<string> {
    const response = await fetch(link, { redirect: "manual", headers: { "user-agent": CHROME } });
    expect(response.status).toBe(302);
    return response.headers.get("location") ?? "";
  }

  async function track(event: object, status = 200): Promise<void> {
    const { type } = event as { type: string };
    const route = type === "nonsense" ? "/v1/batch" : `/v1/${type}`;
    const body = type === "nonsense" ? { batch: [event] } : event;
    const response = await fetch(service.url + route, {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`${WRITE_KEY}:`)}`,
        "content-type": "application/json",
        "user-agent": CHROME,
        origin: "https://shop.test",
      },
      body: JSON.stringify(body),
    });
    expect([status, 200]).toContain(response.status);
  }

  async function collectNames(): Promise<string[]> {
    const { contact, entries } = await callApi<Journey>(
      service,
      "GET",
      `/v1/contacts/${ANA.id}/journey?limit=200`,
    );
    expect(entries.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "email_sent",
        "email_clicked",
        "page_view",
        "wish_added",
        "seen_by_ana",
      ]),
    );
    const clicks = entries.flatMap(({ type, click_id }) =>
      type === "click" ? (click_id ?? []) : [],
    );
    expect(clicks).toHaveLength(1);
    return [
      ANA.id,
      ANA.email,
      "Dulcinea",
      VISITOR,
      contact.id,
      ...clicks,
      "mail-to-ana-1",
      "wish-1",
    ];
  }

  async function download(route: string): Promise<string> {
    const response = await fetch(service.url + route, {
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    expect(response.status).toBe(200);
    return response.text();
  }

  /** Every byte that is kept: the whole data folder, and on PostgreSQL every table as a dump shows it. */
  async function everything(): Promise<string> {
    const files = await readdir(service.dataDir, { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      files
        .filter((file) => file.isFile())
        .map((file) => readFile(path.join(file.parentPath, file.name), "latin1")),
    );
    if (database) texts.push(await dump());
    return texts.join("\n").toLowerCase();
  }

  async function dump(): Promise<string> {
    const url = urlOf(process.env[SHARED.postgresUrl] ?? "", database ?? "");
    const tables = await runOn(
      url,
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
    );
    const rows = await Promise.all(
      tables.map(({ tablename }) =>
        runOn(url, `SELECT CAST(t AS text) AS row FROM ${tablename} AS t`),
      ),
    );
    return JSON.stringify(rows);
  }

  async function namesFound(): Promise<string[]> {
    const bytes = await everything();
    return names.filter((name) => bytes.includes(name.toLowerCase()));
  }

  it("could be exported before, with all that was known and nothing of others", () => {
    const { contact, consent, consent_log, visitors, shared_visitors, events, failed_events } =
      JSON.parse(exported);
    expect(contact).toMatchObject({
      user_ids: [ANA.id],
      emails: [ANA.email.toLowerCase()],
      traits: ANA.traits,
    });
    expect(consent).toMatchObject({ opens: "none", clicks: "individual" });
    expect(consent_log).toHaveLength(1);
    expect([visitors, shared_visitors]).toEqual([[VISITOR], [SHARED_VISITOR]]);
    const kinds = events.map(({ name }: { name: string }) => name);
    expect(kinds).toEqual(
      expect.arrayContaining(["email_sent", "email_clicked", "page_view", "wish_added"]),
    );
    expect(events.find(({ type }: { type: string }) => type === "click").verdict.verdict).toBe(
      "human",
    );
    expect(failed_events).toHaveLength(1);
    expect(exported).not.toContain("seen_by_bob");
    expect(exported).not.toContain(BOB.email);
  });

  it("stands in exports before, and not after", async () => {
    const [head, ...lines] = clicksAsCsv.trimEnd().split("\r\n");
    expect(head).toMatch(/^id,clicked_at,contact,campaign,message_id,link,link_name,url,verdict/);
    expect(lines).toHaveLength(2);
    // An id that begins with a hyphen is quoted, behind an apostrophe, or a spreadsheet would take it for a formula.
    const contacts = lines.map((line) => line.split(",")[2]?.replace(/^"'(.*)"$/, "$1"));
    const ours = names.find((name) => contacts.includes(name));
    expect(ours).toMatch(/^[\w-]{11}$/);
    const after = await Promise.all(
      ["events", "contacts", "clicks"].map((kind) => download(`/v1/export/${kind}`)),
    );
    for (const name of names)
      expect(after.join("").toLowerCase()).not.toContain(name.toLowerCase());
    const events = (after[0] ?? "")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["seen_by_bob", "friend_invited"]),
    );
    const bob = JSON.parse((after[1] ?? "").split("\n")[0] ?? "{}");
    expect(bob).toMatchObject({ user_id: BOB.id, email: BOB.email });
    const invited = events.find(({ name }) => name === "friend_invited");
    expect(invited).toMatchObject({ contact: bob.id, properties: { friend: "[erased]" } });
  });

  it("is finished, with a receipt in the audit log", async () => {
    expect(erasure).toMatchObject({ state: "finished", counts: { visitors: 1, failed_events: 1 } });
    expect(erasure.counts["events"]).toBeGreaterThanOrEqual(6);
    const { entries } = await callApi<{
      entries: { action: string; detail: { sha256: string } }[];
    }>(service, "GET", "/v1/audit");
    const receipt = entries.find(({ action }) => action === "contact.erase");
    expect(receipt?.detail.sha256).toBe(erasure.receipt);
  });

  it("is nowhere in the bytes that are kept", async () => {
    expect(await everything()).toContain(BOB.email);
    expect(await namesFound()).toEqual([]);
  });

  it("is not found, and erasing it again gives the same receipt", async () => {
    const answer = await fetch(`${service.url}/v1/contacts/${ANA.id}`, {
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    expect(answer.status).toBe(404);
    expect(await callApi(service, "DELETE", `/v1/contacts/${ANA.id}`)).toEqual(erasure);
  });

  it("takes nothing from others", async () => {
    const { entries } = await callApi<Journey>(service, "GET", `/v1/contacts/${BOB.id}/journey`);
    const own = entries.map(({ name }) => name);
    expect(own).toEqual(
      expect.arrayContaining(["email_sent", "email_clicked", "seen_by_bob", "friend_invited"]),
    );
    expect(own).not.toContain("seen_by_ana");
  });

  it("does not come back: not by an old link, a retry, a new call or a new mail", async () => {
    expect(await clickOn(anaLink)).toBe("https://shop.test/offer");
    await track({ type: "track", anonymousId: VISITOR, event: "wish_added", messageId: "wish-1" });
    await track({ type: "identify", anonymousId: "another-browser", userId: ANA.id });
    await track({ type: "nonsense", userId: ANA.id, traits: { email: ANA.email } }, 400);
    await sendMail(ANA, "mail-to-ana-1");
    await waitUntilSettled(service);
    expect(await namesFound()).toEqual([]);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(/clicktrail_withheld_total\{reason="erased"\} [3-9]/);
  });

  it("does not come back from a journal that was kept", async () => {
    const segment = path.join(service.dataDir, "journal", "0000000001-kept.seg");
    const at = Date.now() - 60_000;
    const site = { workspace_id: 1, source_id: "site-default", source: "site", type: "track" };
    const times = { occurred_at: at, received_at: at, context: "{}", properties: "{}" };
    const kept = [
      { ...site, ...times, event_id: "late-1", name: "late_one", user_id: ANA.id },
      { ...site, ...times, event_id: "late-2", name: "late_two", anonymous_id: VISITOR },
      { ...site, ...times, event_id: "late-3", name: "late_three", user_id: BOB.id },
    ];
    await service.end("SIGTERM");
    const frame = frameOf(kept.map((fact) => JSON.stringify(fact)).join(","), kept.length);
    await writeFile(segment, Buffer.concat([SEGMENT_HEADER, frame]));
    const env: NodeJS.ProcessEnv = { SECRET: "a secret of the erasure test" };
    if (database) env["DATABASE_URL"] = urlOf(process.env[SHARED.postgresUrl] ?? "", database);
    service = await startService({ env, dataDir: service.dataDir });
    await waitUntilSettled(service);
    const { entries } = await callApi<Journey>(service, "GET", `/v1/contacts/${BOB.id}/journey`);
    expect(entries.map(({ name }) => name)).toContain("late_three");
    expect(await namesFound()).toEqual([]);
  }, 60_000);
});
