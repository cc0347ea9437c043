import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import {
  API_KEY,
  callApi,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

/** What neither engine keeps as it is: a NUL, and half of a pair of UTF-16. */
const STRANGE = "a\0b\ud800";

describe.each(testEngines)("texts that no database keeps, on %s", (engine) => {
  let database: TestDatabase | undefined;
  let service: RunningService;
  let site: string;

  beforeAll(async () => {
    database = engine === "postgres" ? await createTestDatabase(engine) : undefined;
    const env: NodeJS.ProcessEnv = database
      ? { DATABASE_URL: database.location, SECRET: "a secret for every node" }
      : {};
    service = await startService({ env });
    const mail = {
      html: '<a href="https://shop.test/a">x</a>',
      campaign: "spring",
      contact: { id: "c1" },
    };
    await callApi(service, "POST", "/v1/rewrite", mail);
    const shop = { name: "Shop", hosts: ["shop.test"] };
    site = (await callApi<{ id: string }>(service, "POST", "/v1/sites", shop)).id;
    await waitUntilSettled(service);
  });
  afterAll(async () => {
    await disposeService(service);
    await database?.dispose();
  });

  const trigger = (more: object) => ({ name: "x", event: "e", on: { type: "page_view" }, ...more });

  it.each([
    ["a site's name", "POST", "/v1/sites", { name: STRANGE, hosts: ["b.test"] }],
    [
      "a campaign's name",
      "POST",
      "/v1/rewrite",
      { html: "<b>x", campaign: STRANGE, contact: { id: "c1" } },
    ],
    [
      "a contact's id",
      "POST",
      "/v1/rewrite",
      { html: "<b>x", campaign: "c", contact: { id: STRANGE } },
    ],
    [
      "a contact's traits",
      "POST",
      "/v1/recipients",
      { contacts: [{ id: "c2", traits: { [STRANGE]: STRANGE } }] },
    ],
    ["a trigger's name", "POST", "TRIGGERS", trigger({ name: STRANGE })],
    ["a trigger's event", "POST", "TRIGGERS", trigger({ event: STRANGE })],
    [
      "a trigger's selector",
      "POST",
      "TRIGGERS",
      trigger({ on: { type: "click", selector: `#${STRANGE}` } }),
    ],
    [
      "a trigger's parameter",
      "POST",
      "TRIGGERS",
      trigger({ parameters: [{ name: "p", value: STRANGE }] }),
    ],
    ["the note of a version", "POST", "VERSIONS", { note: STRANGE }],
    ["UTM values", "PUT", "/v1/utm-defaults", { utm: { utm_source: STRANGE } }],
    [
      "the campaign of UTM values",
      "PUT",
      "/v1/utm-defaults",
      { campaign: STRANGE, utm: { utm_source: "x" } },
    ],
    [
      "the source of a consent",
      "PUT",
      "/v1/contacts/c1/consent",
      { clicks: "none", source: STRANGE, text_version: STRANGE },
    ],
    [
      "whose consent it is",
      "PUT",
      `/v1/contacts/${encodeURIComponent("a\0b")}/consent`,
      { clicks: "none" },
    ],
    ["a key's name", "POST", "/v1/keys", { name: STRANGE, scopes: ["read"] }],
    [
      "a destination",
      "PATCH",
      "/v1/campaigns/spring/links/0",
      { destination: `https://shop.test/${STRANGE}` },
    ],
    [
      "a planned parameter",
      "PUT",
      "/v1/tracking-plan/demo",
      { parameters: [{ name: STRANGE, type: "string" }] },
    ],
    [
      "a planned event",
      "PUT",
      `/v1/tracking-plan/${encodeURIComponent("a\0b")}`,
      { parameters: [] },
    ],
  ])("are answered: %s", async (_what, method, route, body) => {
    const named = {
      TRIGGERS: `/v1/sites/${site}/triggers`,
      VERSIONS: `/v1/sites/${site}/versions`,
    };
    const path = Object.entries(named).find(([name]) => name === route)?.[1] ?? route;
    const answer = await fetch(service.url + path, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect([200, 201, 422]).toContain(answer.status);
  });

  it("leave everything readable", async () => {
    await waitUntilSettled(service);
    for (const route of [
      "sites",
      "utm-defaults",
      "campaigns",
      "contacts",
      "keys",
      "audit",
      "tracking-plan",
      "export/events",
      `sites/${site}/triggers`,
      "contacts/c1/consent",
    ]) {
      const headers = { authorization: `Bearer ${API_KEY}` };
      const answer = await fetch(`${service.url}/v1/${route}`, { headers });
      expect([route, answer.status]).toEqual([route, 200]);
      await answer.text();
    }
  });
});
