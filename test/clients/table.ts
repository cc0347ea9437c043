import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { BURST, type ClientCase } from "./cases.ts";
import { installedVersion } from "./installed.ts";

/** What a test run saw of one client. */
export interface Arrived {
  readonly client: ClientCase;
  /** Types of the calls that were stored. */
  readonly calls: readonly string[];
  /** Numbers of the events that were sent at once. */
  readonly burst: readonly number[];
  /** Names of the events that came of those sent while the page was being left. */
  readonly onLeaving: readonly string[];
}

const PAGE = path.join(import.meta.dirname, "../../docs/clients.md");

/**
 * Compares the page in the docs with what was seen; with UPDATE_DOCS=1 it writes it instead.
 *
 * @returns "in step", or a sentence that says what to do
 */
export async function checkClientsPage(arrived: readonly Arrived[]): Promise<string> {
  const text = renderPage(arrived);
  if (process.env["UPDATE_DOCS"]) await writeFile(PAGE, text);
  const written = await readFile(PAGE, "utf8").catch(() => "");
  return written === text ? "in step" : "docs/clients.md is out of step: run with UPDATE_DOCS=1";
}

function renderPage(arrived: readonly Arrived[]): string {
  return `# Clients

Sites and servers that already send to Segment, RudderStack or Jitsu change one address. These clients, as their vendors publish them, are
run against the service by \`npm run test:clients\`, which also writes this table. URL is the address of the service, KEY a site key in a
browser and a secret key with the scope \`collect\` on a server.

| client | version | set up | arrives |
| --- | --- | --- | --- |
${arrived.map(renderRow).join("\n")}

The browser clients ask the service for their settings first (\`/v1/projects/KEY/settings\`, \`/sourceConfig\`); it answers what they need to
send and nothing else. Segment's browser client does not get an event out that is only made at \`pagehide\`; RudderStack's and Jitsu's do.
After \`identify\` it sends an \`alias\` call with the known user in place of the new one: call \`alias\` first.
`;
}

function renderRow({ client, calls, burst, onLeaving }: Arrived): string {
  const arrives = [calls.join(", "), `${burst.length} of ${BURST} events at once`];
  if (onLeaving.includes("link_clicked")) arrives.push("the click that leads away");
  if (onLeaving.includes("page_left")) arrives.push("an event at `pagehide`");
  const version = installedVersion(client.package);
  return `| ${client.name}: \`${client.package}\` | ${version} | ${client.setup} | ${arrives.join("; ")} |`;
}
