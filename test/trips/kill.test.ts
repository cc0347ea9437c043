import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  callApi,
  createDataDir,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

/** Bounded for CI; more by hand: KILL_ROUNDS=200 npx vitest run test/trips/kill.test.ts */
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 8);
const CONNECTIONS = 24;
const CONTACTS = 30;
const SITE_HOST = "shop.test";

const contactIds = Array.from({ length: CONTACTS }, (_, index) => `contact-${index}`);

interface Rewritten {
  links: { tracking_url: string }[];
}

describe("kill -9 during a burst of clicks", () => {
  let dataDir: string;
  const answered = new Set<string>();

  beforeAll(async () => {
    dataDir = await createDataDir();
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  function start(): Promise<RunningService> {
    // Small segments, so that rotation and deletion fall into the burst too.
    return startService({ dataDir, env: { JOURNAL_SEGMENT: "200kb" } });
  }

  async function trackedUrls(service: RunningService): Promise<string[]> {
    const html = Array.from(
      { length: 20 },
      (_, i) => `<a href="https://${SITE_HOST}/p/${i}">x</a>`,
    );
    const urls: string[] = [];
    for (const id of contactIds) {
      const { links } = await callApi<Rewritten>(service, "POST", "/v1/rewrite", {
        html: html.join(""),
        campaign: "kill",
        contact: { id },
      });
      urls.push(...links.map(({ tracking_url }) => new URL(tracking_url).pathname));
    }
    return urls.map((path) => service.url + path);
  }

  /** Clicks until the service dies; every answer carries the click's id to the registered site. */
  async function clickUntilDead(
    urls: readonly string[],
    from: number,
    signal: AbortSignal,
  ): Promise<void> {
    for (let index = from; !signal.aborted; index++) {
      try {
        const response = await fetch(urls[index % urls.length] ?? "", { redirect: "manual" });
        const id = new URL(response.headers.get("location") ?? "").searchParams.get("jt");
        if (response.status === 302 && id !== null) answered.add(id);
      } catch {
        return;
      }
    }
  }

  it(`keeps every answered click, once, over ${ROUNDS} kills`, { timeout: 240_000 }, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const service = await start();
      if (round === 0) {
        await callApi(service, "POST", "/v1/sites", { name: "Shop", hosts: [SITE_HOST] });
      }
      const urls = await trackedUrls(service);
      const stop = new AbortController();
      const clicking = Array.from({ length: CONNECTIONS }, (_, connection) =>
        clickUntilDead(urls, connection * 25, stop.signal),
      );
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 500));
      await service.end("SIGKILL");
      stop.abort();
      await Promise.all(clicking);
    }

    const service = await start();
    await waitUntilSettled(service, 60_000);
    const stored = (await Promise.all(contactIds.map((id) => clicksOf(service, id)))).flat();
    await service.end("SIGTERM");
    expect(answered.size).toBeGreaterThan(ROUNDS * 20);
    expect(stored.length).toBe(new Set(stored).size);
    const kept = new Set(stored);
    expect([...answered].filter((id) => !kept.has(id))).toEqual([]);
  });
});

/** The ids of a contact's clicks, through the API that a user would ask. */
async function clicksOf(service: RunningService, contact: string): Promise<string[]> {
  const ids: string[] = [];
  let next: string | null = null;
  do {
    const cursor: string = next === null ? "" : `&cursor=${encodeURIComponent(next)}`;
    const page: { entries: { type: string; click_id: string }[]; next: string | null } =
      await callApi(service, "GET", `/v1/contacts/${contact}/journey?limit=200${cursor}`);
    ids.push(
      ...page.entries.filter(({ type }) => type === "click").map(({ click_id }) => click_id),
    );
    next = page.next;
  } while (next !== null);
  return ids;
}
