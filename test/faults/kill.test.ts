import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  API_KEY,
  callApi,
  createDataDir,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

/** Bounded for CI; more by hand: KILL_ROUNDS=200 npm run test:faults -- kill */
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 20);
const CLICKERS = 24;
const SENDERS = 4;
const BATCH = 5;
const CONTACTS = 30;
const SITE_HOST = "shop.test";

const contactIds = Array.from({ length: CONTACTS }, (_, index) => `contact-${index}`);

interface Rewritten {
  links: { tracking_url: string }[];
}

interface Entry {
  type: string;
  click_id: string;
  properties: { probe?: string };
}

describe("kill -9 under full load", () => {
  let dataDir: string;
  /** Ids of clicks and of events whose sender got its answer. */
  const clicked = new Set<string>();
  const acknowledged = new Set<string>();

  beforeAll(async () => {
    dataDir = await createDataDir();
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  function start(): Promise<RunningService> {
    // Small segments, so that rotation and deletion fall into the load too. On a busy machine the disk takes
    // longer than a reader waits, and a click answered late is the one exception to the promise.
    return startService({ dataDir, env: { JOURNAL_SEGMENT: "200kb", DISK_WAIT_MS: "10000" } });
  }

  async function trackedUrls(service: RunningService): Promise<string[]> {
    const html = Array.from(
      { length: 20 },
      (_, i) => `<a href="https://${SITE_HOST}/p/${i}">x</a>`,
    );
    const mails = contactIds.map((id) =>
      callApi<Rewritten>(service, "POST", "/v1/rewrite", {
        html: html.join(""),
        campaign: "kill",
        contact: { id },
      }),
    );
    const links = (await Promise.all(mails)).flatMap((mail) => mail.links);
    return links.map(({ tracking_url }) => service.url + new URL(tracking_url).pathname);
  }

  /** Clicks until the service dies; every answer carries the click's id to the registered site. */
  async function clickUntilDead(urls: readonly string[], from: number): Promise<void> {
    for (let index = from; ; index++) {
      try {
        const response = await fetch(urls[index % urls.length] ?? "", { redirect: "manual" });
        const id = new URL(response.headers.get("location") ?? "").searchParams.get("jt");
        if (response.status === 302 && id !== null) clicked.add(id);
      } catch {
        return;
      }
    }
  }

  /** Sends batches until the service dies. Like any client it sends the one without an answer again. */
  function createSender(sender: number): (service: RunningService) => Promise<void> {
    let sent = 0;
    return async (service) => {
      for (; ; sent += 1) {
        const ids = Array.from({ length: BATCH }, (_, i) => `s${sender}-b${sent}-${i}`);
        if (!(await sendBatch(service, ids).catch(() => false))) return;
        for (const id of ids) acknowledged.add(id);
      }
    };
  }

  it(`keeps every answered click and event, once, over ${ROUNDS} kills`, async () => {
    const senders = Array.from({ length: SENDERS }, (_, index) => createSender(index));
    for (let round = 0; round < ROUNDS; round++) {
      const service = await start();
      if (round === 0) {
        await callApi(service, "POST", "/v1/sites", { name: "Shop", hosts: [SITE_HOST] });
      }
      const urls = await trackedUrls(service);
      const load = [
        ...Array.from({ length: CLICKERS }, (_, index) => clickUntilDead(urls, index * 25)),
        ...senders.map((send) => send(service)),
      ];
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 450));
      await service.end("SIGKILL");
      await Promise.all(load);
    }

    const service = await start();
    await waitUntilSettled(service, 120_000);
    const entries = (await Promise.all(contactIds.map((id) => readJourney(service, id)))).flat();
    await service.end("SIGTERM");
    const clicks = entries.filter(({ type }) => type === "click").map((entry) => entry.click_id);
    const events = entries.flatMap(({ properties }) => properties.probe ?? []);
    console.info(`${clicked.size} clicks and ${acknowledged.size} events were answered.`);
    expect(clicked.size).toBeGreaterThan(ROUNDS * 5);
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * BATCH);
    expectEachOnce(clicks, clicked);
    expectEachOnce(events, acknowledged);
  });
});

/** Nothing is there twice, and nothing that was answered is missing. */
function expectEachOnce(stored: readonly string[], answered: ReadonlySet<string>): void {
  const kept = new Set(stored);
  expect(stored.length).toBe(kept.size);
  expect([...answered].filter((id) => !kept.has(id))).toEqual([]);
}

async function sendBatch({ url }: RunningService, ids: readonly string[]): Promise<boolean> {
  const batch = ids.map((id, index) => ({
    type: "track",
    event: "probe_sent",
    messageId: id,
    userId: contactIds[index],
    properties: { probe: id },
  }));
  const response = await fetch(`${url}/v1/batch`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ batch }),
  });
  return response.ok;
}

/** All of a contact's journey, through the API that a user would ask. */
async function readJourney(service: RunningService, contact: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let next: string | null = null;
  do {
    const cursor: string = next === null ? "" : `&cursor=${encodeURIComponent(next)}`;
    const route = `/v1/contacts/${contact}/journey?limit=200${cursor}`;
    const page: { entries: Entry[]; next: string | null } = await callApi(service, "GET", route);
    entries.push(...page.entries);
    next = page.next;
  } while (next !== null);
  return entries;
}
