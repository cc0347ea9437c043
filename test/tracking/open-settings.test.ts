import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOpenSettings, type OpenSettings } from "../../src/tracking/open-settings.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import {
  callApi,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

describe.each(testEngines)("how a workspace counts opens, on %s", (engine) => {
  let database: TestDatabase;
  let settings: OpenSettings;

  const open = () =>
    createOpenSettings({
      db: database.db,
      now: () => 0,
      onError(error) {
        throw error;
      },
    });

  beforeEach(async () => {
    database = await createTestDatabase(engine);
    settings = open();
    await settings.start();
  });
  afterEach(async () => {
    settings.stop();
    await database.dispose();
  });

  it("is individually until it is changed, for that workspace alone", async () => {
    expect(settings.modeOf(1)).toBe("individual");
    await settings.change(1, "none");
    expect([settings.modeOf(1), settings.modeOf(2)]).toEqual(["none", "individual"]);
    expect(settings.consentOf(1)).toEqual({ mode: "none", canJoin: false });
    expect(settings.consentOf(2)).toBeUndefined();
  });

  it("names nobody before the settings were read", () => {
    expect(open().consentOf(1)?.mode).toBe("aggregate");
  });

  it("is remembered, in its last form", async () => {
    await settings.change(1, "none");
    await settings.change(1, "aggregate");
    const again = open();
    await again.start();
    again.stop();
    expect(again.modeOf(1)).toBe("aggregate");
  });
});

describe("an open pixel", () => {
  let service: RunningService;

  beforeEach(async () => {
    service = await startService();
  });
  afterEach(() => disposeService(service));

  async function openMail(contact: string): Promise<void> {
    const { html } = await callApi<{ html: string }>(service, "POST", "/v1/rewrite", {
      html: '<body><a href="https://shop.test/">x</a></body>',
      campaign: "spring",
      contact: { id: contact },
      options: { open_pixel: true },
    });
    const [pixel = ""] = /http[^"]+\.gif/.exec(html) ?? [];
    const answer = await fetch(service.url + new URL(pixel).pathname);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("image/gif");
  }

  async function opensOf(contact: string): Promise<number> {
    await waitUntilSettled(service);
    const { entries } = await callApi<{ entries: { type: string }[] }>(
      service,
      "GET",
      `/v1/contacts/${contact}/journey`,
    );
    return entries.filter(({ type }) => type === "open").length;
  }

  async function countOf(kept: string): Promise<number> {
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    const line = `clicktrail_hits_total{kind="open",kept="${kept}"} `;
    return Number(metrics.split(line)[1]?.split("\n")[0]);
  }

  it("counts as the workspace says at the hit, and as the contact says before that", async () => {
    await openMail("ann");
    await callApi(service, "PATCH", "/v1/settings", { opens: "aggregate" });
    await openMail("bob");
    await callApi(service, "PATCH", "/v1/settings", { opens: "none" });
    await openMail("cyd");
    await callApi(service, "PUT", "/v1/contacts/dee/consent", { opens: "individual" });
    await openMail("dee");
    // Only clicks were spoken of, so the workspace's word on opens stays.
    await callApi(service, "PUT", "/v1/contacts/eve/consent", { clicks: "individual" });
    await openMail("eve");

    expect(await opensOf("ann")).toBe(1);
    expect(await opensOf("bob")).toBe(0);
    expect(await opensOf("cyd")).toBe(0);
    expect(await opensOf("dee")).toBe(1);
    expect(await opensOf("eve")).toBe(0);
    // A busy disk makes a hit late; it is kept all the same.
    expect((await countOf("durable")) + (await countOf("late"))).toBe(3);
    expect(await countOf("refused")).toBe(2);
    expect(await callApi(service, "GET", "/v1/settings")).toEqual({ opens: "none" });
    const { entries } = await callApi<{ entries: object[] }>(service, "GET", "/v1/audit");
    expect(entries).toContainEqual(
      expect.objectContaining({ action: "opens.change", detail: { mode: "none" } }),
    );
  }, 30_000);

  it("refuses a mode that does not exist, naming those that do", async () => {
    await expect(callApi(service, "PATCH", "/v1/settings", { opens: "some" })).rejects.toThrow(
      /422.*Expected individual, aggregate, none/,
    );
  });
});
