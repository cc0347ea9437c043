import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Operation } from "../../src/http/openapi/operation.ts";
import { OPERATIONS } from "../../src/http/openapi/operations.ts";
import {
  API_KEY,
  callApi,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";

/** Stands in every name of the first workspace, so that an answer to the second one must not hold it. */
const MARK = "owned-by-the-first";
/** The same as the name of an event. */
const EVENT = "owned_by_the_first";

/** What differs from one reading to the next. */
const CHANGING = /"(?:last_used_at|exported_at|request_id)": ?[^,}]*/g;

let service: RunningService;
let strangersKey: string;
/** The first workspace's id for each parameter of a path. */
let ids: Record<string, string>;

const call = (key: string | undefined, method: string, route: string, body?: unknown) =>
  fetch(service.url + route, {
    method: method.toUpperCase(),
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const own = <T>(method: string, route: string, body?: unknown) =>
  callApi<T>(service, method, route, body);

/** The path with the first workspace's ids: `{id}` means that of the noun before it. */
function routeOf({ path }: Operation): string {
  const noun = path.split("/")[2] ?? "";
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent((name === "id" ? ids[noun] : ids[name]) ?? `no ${noun} ${name}`),
  );
}

const guarded = OPERATIONS.filter(({ scope }) => scope !== undefined);
const waitUntilErased = (id: string) =>
  vi.waitFor(
    async () => {
      const { state } = await own<{ state: string }>("GET", `/v1/erasures/${id}`);
      expect(state).toBe("finished");
    },
    { timeout: 20_000, interval: 100 },
  );

const named = (operations: readonly Operation[]) =>
  operations.map((one) => [`${one.method.toUpperCase()} ${one.path}`, one] as const);
/**
 * What names one thing of a workspace. The kinds of an export and the ESPs are everybody's words, and a consent, an
 * entry of a plan or a mark may be put where there is none: that makes it in the caller's own workspace.
 */
const MADE_BY_PUT = /(?:consent|(?:tracking-plan|conversions)\/\{name\})$/;
const ofOne = guarded.filter(
  ({ method, path }) =>
    /\{(?!kind|esp)/.test(path) && !(method === "put" && MADE_BY_PUT.test(path)),
);
const others = guarded.filter((one) => !ofOne.includes(one));

beforeAll(async () => {
  service = await startService();
  const { campaign_id } = await own<{ campaign_id: string }>("POST", "/v1/rewrite", {
    html: `<a href="https://shop.test/${MARK}">${MARK}</a>`,
    campaign: MARK,
    contact: { id: MARK },
  });
  await call(WRITE_KEY, "post", "/v1/identify", { userId: MARK, traits: { name: MARK } });
  await call(WRITE_KEY, "post", "/v1/track", { event: MARK });
  await call(WRITE_KEY, "post", "/v1/identify", { userId: "leaves" });
  await waitUntilSettled(service);
  const site = await own<{ id: string }>("POST", "/v1/sites", {
    name: MARK,
    hosts: [`${MARK}.test`],
  });
  const trigger = await own<{ id: string }>("POST", `/v1/sites/${site.id}/triggers`, {
    name: MARK,
    on: { type: "click", selector: "#demo" },
    event: MARK,
  });
  await own("POST", `/v1/sites/${site.id}/versions`, { note: MARK });
  const key = await own<{ id: string }>("POST", "/v1/keys", { name: MARK, scopes: ["read"] });
  await own("POST", "/v1/domains", { host: `${MARK}.example` });
  await call(API_KEY, "put", `/v1/domains/${MARK}.example/apple-app-site-association`, {
    applinks: { details: [{ appIDs: [MARK] }] },
  });
  const leaving = await own<{ contacts: { id: string }[] }>("GET", "/v1/contacts?q=leaves");
  const erasure = await own<{ id: string }>("DELETE", `/v1/contacts/${leaving.contacts[0]?.id}`);
  await waitUntilErased(erasure.id);
  await own("PUT", `/v1/tracking-plan/${EVENT}`, { parameters: [] });
  await own("PUT", `/v1/conversions/${EVENT}`);
  const { contacts } = await own<{ contacts: { id: string }[] }>("GET", "/v1/contacts");
  const { failed_events } = await own<{ failed_events: { id: string }[] }>(
    "GET",
    "/v1/failed-events",
  );
  const stranger = await own<{ api_key: string }>("POST", "/v1/workspaces", { name: "Second" });
  strangersKey = stranger.api_key;
  ids = {
    campaigns: campaign_id,
    link: "0",
    sites: site.id,
    trigger: trigger.id,
    version: "1",
    keys: key.id,
    host: `${MARK}.example`,
    file: "apple-app-site-association",
    contacts: contacts[0]?.id ?? "",
    erasures: erasure.id,
    "failed-events": failed_events[0]?.id ?? "",
    name: EVENT,
    kind: "events",
    esp: "generic",
  };
}, 60_000);

afterAll(() => disposeService(service));

describe("every operation of the API", () => {
  it.each(named(guarded))("asks for a key: %s", async (_name, one) => {
    expect((await call(undefined, one.method, routeOf(one), one.example)).status).toBe(401);
  });

  it.each(named(guarded.filter(({ scope }) => scope !== "collect")))(
    "refuses the key of a site: %s",
    async (_name, one) => {
      expect((await call(WRITE_KEY, one.method, routeOf(one), one.example)).status).toBe(403);
    },
  );
});

describe("another workspace's key", () => {
  const readAll = async () => {
    const texts: Record<string, string> = {};
    for (const one of guarded.filter(({ method }) => method === "get")) {
      const answer = await call(API_KEY, "get", routeOf(one));
      texts[one.path] = (await answer.text()).replace(CHANGING, "");
    }
    return texts;
  };
  let before: Record<string, string>;

  beforeAll(async () => {
    before = await readAll();
  });

  it("is tried on things that are there", () => {
    for (const path of [
      "/v1/campaigns/{id}",
      "/v1/contacts/{id}/journey",
      "/v1/domains/{host}/{file}",
    ]) {
      expect(before[path], path).toContain(MARK);
    }
    for (const path of ["/v1/sites/{id}/triggers/{trigger}", "/v1/failed-events/{id}"]) {
      expect(before[path], path).toContain(MARK);
    }
  });

  it.each(named(ofOne))("finds nothing: %s", async (_name, one) => {
    const answer = await call(strangersKey, one.method, routeOf(one), one.example);
    expect(await answer.text()).not.toContain(`"${MARK}"`);
    expect(answer.status).toBe(404);
  });

  it.each(named(others))("is told nothing: %s", async (_name, one) => {
    const answer = await call(strangersKey, one.method, routeOf(one), one.example);
    expect(answer.status).toBeLessThan(500);
    expect(await answer.text()).not.toContain(MARK);
  });

  it("changed nothing of the first one's", async () => {
    await waitUntilSettled(service);
    expect(await readAll()).toEqual(before);
  });
});
