import { expect } from "vitest";
import { callApi, type RunningService, waitUntilSettled } from "../support/service.ts";

/** An entry of a contact's journey, as far as these tests look at it. */
export interface Entry {
  type: string;
  name: string;
  path: string | null;
  url: string | null;
  value_minor: number | null;
  currency: string | null;
  properties: Record<string, unknown>;
}

/** How soon a change is in force everywhere, and a page's events are on disk. */
export const SOON = { timeout: 15_000 };

/** What is known of a contact now, the oldest first; nothing of one who is not known. */
export async function journeyOf(service: RunningService, userId: string): Promise<Entry[]> {
  await waitUntilSettled(service);
  const route = `/v1/contacts/${userId}/journey?limit=200`;
  const { entries } = await callApi<{ entries: Entry[] }>(service, "GET", route).catch(() => ({
    entries: [],
  }));
  return entries.reverse();
}

/** The first event of this name, as soon as it is on the contact's journey. */
export async function arrived(
  service: RunningService,
  userId: string,
  name: string,
): Promise<Entry> {
  let found: Entry | undefined;
  await expect
    .poll(async () => {
      found = (await journeyOf(service, userId)).find((entry) => entry.name === name);
      return found?.name;
    }, SOON)
    .toBe(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}
