import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { bundleSiteScript } from "../../scripts/site-script.mjs";
import { isObject, objectOf } from "../../src/collect/json-object.ts";
import { describeFiles } from "../../src/site/script-file.ts";
import { describeSettings } from "../../src/site/settings.ts";
import { silence } from "./silence.ts";

/** A call as the script sends it. */
export interface SentCall {
  type: string;
  event?: string;
  [member: string]: unknown;
}

/** A site with the script on every page, under a strict policy, and the collector it sends to. */
export interface TestSite {
  origin: string;
  /** Each once, however often it was sent. */
  calls: SentCall[];
  bodies: string[];
  /** Statuses for the next posts; 200 when none is left. A 429 asks for 30 seconds. */
  answers: number[];
  /** The calls of one event; `page` and `identify` by their type. */
  named(name: string): SentCall[];
  /** The count-th of them, as soon as it has arrived. */
  waitFor(name: string, count?: number): Promise<SentCall>;
  stop(): Promise<void>;
}

const PAGES: Record<string, string> = {
  "/long": `<div style="height:8000px"></div>
    <a id="out" href="https://other.test/x" target="later">Elsewhere</a>
    <a id="file" href="/list.pdf">List</a>`,
  "/form": `<form id="join" name="Join us" action="/next"><input id="name" name="id">
    <input id="mail" data-clicktrail-email><button>Go</button></form>`,
  "/video": `<video src="/tone.wav" title="Tone" muted></video>`,
  "/youtube": `<iframe title="Frame" src="https://www.youtube.com/embed/x1?enablejsapi=1"></iframe>`,
  "/vimeo": `<iframe title="Mountains" src="https://player.vimeo.com/video/42"></iframe>`,
  "/leave": `<a id="on" href="/leave">On</a>`,
  "/quiet": `<a id="on" href="/quiet?again">On</a>`,
};

/** Scripts that stand before the tag. */
const HEAD: Record<string, string> = {
  "/queued": "/queue.js",
  "/layer": "/layer.js",
  "/gtag": "/gtag.js",
  "/late": "/late.js",
  "/tcf": "/tcf.js",
  "/google": "/google.js",
};

/** Attributes of the tag, beside its key. */
const ATTRIBUTES: Record<string, string> = {
  "/tcf": `data-consent="tcf"`,
  "/google": `data-consent="google"`,
  "/gpc": `data-privacy="no-join"`,
  "/quiet": `data-auto="off"`,
};

const SCRIPTS: Record<string, string> = {
  "/queue.js": `window.clicktrail = window.clicktrail || [];
    clicktrail.push(["identify", "u-1", {plan: "pro"}], ["track", "sign_up", {method: "email"}]);`,
  "/layer.js": `window.dataLayer = [{event: "gtm.js"}, {event: "view_item", ecommerce: {value: 5}}];`,
  "/gtag.js": `window.dataLayer = [];
    function gtag() { dataLayer.push(arguments); }
    gtag("js", new Date());
    gtag("config", "G-1");
    gtag("event", "sign_up", {method: "email"});`,
  "/late.js": `addEventListener("load", () => { window.dataLayer = [{event: "late_event"}]; });`,
  "/tcf.js": `let tell;
    window.__tcfapi = (command, version, done) => {
      tell = done;
      done({gdprApplies: true, eventStatus: "cmpuishown", purpose: {consents: {}}}, true);
    };
    window.agree = (consents) => tell({gdprApplies: true, eventStatus: "useractioncomplete", purpose: {consents}}, true);`,
  "/google.js": `window.dataLayer = [];
    function gtag() { dataLayer.push(arguments); }
    gtag("consent", "default", {analytics_storage: "denied", ad_storage: "denied"});`,
};

const POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "frame-src https://www.youtube.com https://player.vimeo.com",
].join("; ");

/** Starts the site on a free port. */
export async function startTestSite(): Promise<TestSite> {
  const script = await bundleSiteScript();
  const calls: SentCall[] = [];
  const bodies: string[] = [];
  const answers: number[] = [];
  const server = createServer(async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? "/", "http://site.test");
    if (pathname === "/t/k.json") {
      const site = { collects: "everything", triggers: [] } as const;
      const files = describeFiles([...script]);
      const settings = describeSettings(site, files, searchParams.get("auto") !== "false");
      res.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(settings));
      return;
    }
    if (pathname !== "/v1/b") return serve(pathname, script, res);
    const chunks: Buffer[] = [];
    for await (const chunk of req) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const status = answers.shift() ?? 200;
    if (status === 200) keep(Buffer.concat(chunks).toString());
    res.writeHead(status, status === 429 ? { "Retry-After": "30" } : {}).end("{}");
  });
  function keep(body: string): void {
    bodies.push(body);
    const batch: unknown = objectOf(JSON.parse(body))["batch"];
    if (!Array.isArray(batch)) return;
    for (const call of batch)
      if (isObject(call) && !isKnown(call)) calls.push({ type: "", ...call });
  }
  /** A page that is left may send what is under way again: like the service, the site knows its id. */
  function isKnown({ messageId }: Record<string, unknown>): boolean {
    return calls.some((call) => call["messageId"] === messageId);
  }
  const named = (name: string) =>
    calls.filter(({ type, event }) => event === name || type === name);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    calls,
    bodies,
    answers,
    named,
    async waitFor(name, count = 1) {
      await expect
        .poll(() => named(name).length, { timeout: 10_000, message: `${count} × ${name}` })
        .toBeGreaterThanOrEqual(count);
      return named(name)[count - 1] ?? { type: "none" };
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function serve(pathname: string, script: ReadonlyMap<string, Buffer>, res: ServerResponse): void {
  if (pathname === "/tone.wav") {
    res.writeHead(200, { "Content-Type": "audio/wav" }).end(silence(2));
    return;
  }
  const file = pathname.slice(1).replace(/\.[0-9a-f]{12}(?=\.js$)/, "");
  const source = script.get(file) ?? SCRIPTS[pathname];
  if (source !== undefined) {
    res.writeHead(200, { "Content-Type": "text/javascript" }).end(source);
    return;
  }
  res.writeHead(200, { "Content-Type": "text/html", "Content-Security-Policy": POLICY });
  const before = HEAD[pathname] ? `<script src="${HEAD[pathname]}"></script>` : "";
  const attributes = ATTRIBUTES[pathname] ?? "";
  res.end(`<!doctype html><title>Shop</title>${before}
    <script async src="/t.js" data-key="k" ${attributes}></script>
    <body>${PAGES[pathname] ?? "Hello"}</body>`);
}
