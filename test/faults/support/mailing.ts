import http from "node:http";
import { callApi, type RunningService } from "../../support/service.ts";

/** A tracked link of one recipient's mail. */
interface TrackedLink {
  readonly contact: string;
  /** Path below the service's address. */
  readonly path: string;
  readonly destination: string;
}

/** How often each recipient clicked each link: `contact destination` to a number. */
export type Tally = Map<string, number>;

/** A campaign that was sent, and the clicks on it that were answered. */
export interface Mailing {
  readonly links: readonly TrackedLink[];
  readonly answered: Tally;
}

/** What a run of clicks looked like from the recipients' side. */
interface ClickRun {
  /** Answers that were not a 302 to exactly the right place, described. */
  readonly wrong: readonly string[];
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const CONTACTS = 50;
const LINKS = 10;
const AT_ONCE = 16;

/** Rewrites a mail for fifty recipients, ten links each. */
export async function sendMailing(service: RunningService): Promise<Mailing> {
  // What an encoder would touch: the destination has to arrive byte for byte.
  const urls = Array.from(
    { length: LINKS },
    (_, i) => `https://shop.test/p/${i}?q=a%20b&sig=A%2B/${i}#top`,
  );
  const html = urls.map((url) => `<a href="${url.replaceAll("&", "&amp;")}">x</a>`).join("");
  const contacts = Array.from({ length: CONTACTS }, (_, index) => `contact-${index}`);
  const links = await Promise.all(
    contacts.map(async (contact): Promise<TrackedLink[]> => {
      const body = { html, campaign: "faults", contact: { id: contact } };
      const mail = await callApi<RewrittenMail>(service, "POST", "/v1/rewrite", body);
      return mail.links.map(({ tracking_url }, at) => {
        const path = new URL(tracking_url).pathname;
        return { contact, path, destination: urls[at] ?? "" };
      });
    }),
  );
  return { links: links.flat(), answered: new Map() };
}

/** Clicks links of the mailing in turn, eight at once, and notes every answered click. */
export async function click(
  service: RunningService,
  mailing: Mailing,
  count: number,
): Promise<ClickRun> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const wrong: string[] = [];
  const times: number[] = [];
  let next = 0;
  async function clickOn(): Promise<void> {
    while (next < count) {
      const link = mailing.links[(next * 7) % mailing.links.length];
      next += 1;
      if (!link) throw new Error("Expected a link");
      const startedAt = performance.now();
      const answer = await request(service.url + link.path, agent).catch(String);
      times.push(performance.now() - startedAt);
      if (answer === `302 ${link.destination}`) note(mailing.answered, link);
      else wrong.push(answer);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, clickOn));
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.ceil(times.length * share) - 1] ?? 0);
  return { wrong: wrong.slice(0, 5), p50: at(0.5), p99: at(0.99), longest: at(1) };
}

/** The clicks that the recipients' journeys show. A click that is there twice counts twice. */
export async function readJourneyClicks(service: RunningService, mailing: Mailing): Promise<Tally> {
  const stored: Tally = new Map();
  const contacts = [...new Set(mailing.links.map((link) => link.contact))];
  await Promise.all(
    contacts.map(async (contact) => {
      const route = `/v1/contacts/${contact}/journey?limit=200`;
      const { entries } = await callApi<Journey>(service, "GET", route);
      for (const { type, link } of entries) {
        if (type === "click") note(stored, { contact, destination: link?.url ?? "" });
      }
    }),
  );
  return stored;
}

/** In one order, so that two tallies can be compared. */
export function sorted(tally: Tally): [string, number][] {
  return [...tally].sort(([a], [b]) => (a < b ? -1 : 1));
}

interface RewrittenMail {
  readonly links: readonly { readonly tracking_url: string }[];
}

interface Journey {
  readonly entries: readonly { readonly type: string; readonly link: { url: string } | null }[];
}

function note(tally: Tally, { contact, destination }: Omit<TrackedLink, "path">): void {
  const key = `${contact} ${destination}`;
  tally.set(key, (tally.get(key) ?? 0) + 1);
}

function request(url: string, agent: http.Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent, headers: { "user-agent": "Mozilla/5.0 Firefox/140.0" } }, (response) => {
        response.resume();
        response.once("end", () =>
          resolve(`${response.statusCode} ${response.headers.location ?? ""}`),
        );
      })
      .once("error", reject);
  });
}
