import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { silence } from "./silence.ts";

/** A site on an origin of its own, whose pages carry a service's tag under a policy that allows just that. */
export interface ServiceSite {
  readonly origin: string;
  /** `127.0.0.1:port`, to be registered. */
  readonly host: string;
  /** The tag's key; pages carry no tag before it is set. */
  writeKey: string;
  /** The service's address. */
  service: string;
  stop(): void;
}

const NONCE = "n0nce";

const PAGES: Record<string, string> = {
  "/prices": `<p>Prices</p><a id="demo" class="cta big" href="/thanks"><b>Ask for a demo</b></a>
    <button id="other">Something else</button>
    <nav class="shops"><a id="away" href="https://other.test/shop"><img alt="">Other <i>shop</i></a></nav>`,
  "/thanks": "<p>Thank you</p>",
  "/all": `<h1>All</h1><form id="newsletter" action="/thanks" method="post"><input name="email" type="email">
    <input name="secret" type="password"><button>Join</button></form>
    <a id="list" href="/list.pdf" download>List</a><video src="/tone.wav" title="Tour" muted></video>
    <pre>${"\n".repeat(300)}</pre><p id="deep">Deep down</p>`,
  "/shop": "<p>Shop</p>",
};

/** Starts it on a free port. The path `/ct/` leads on to the service, as a proxy of the site's own would. */
export async function startServiceSite(): Promise<ServiceSite> {
  const site = { origin: "", host: "", writeKey: "", service: "", stop: () => server.close() };
  const server: Server = http.createServer((req, res) => {
    const { pathname, search } = new URL(req.url ?? "/", "http://site.test");
    if (pathname.startsWith("/ct/")) {
      forward(req, res, `${site.service}${pathname.slice(3)}${search}`);
      return;
    }
    if (/\.(pdf|wav|ico)$/.test(pathname)) return sendFile(pathname, res);
    const isOwn = pathname.startsWith("/own");
    res.writeHead(200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": isOwn ? "default-src 'self'" : policyFor(site.service),
    });
    const address = isOwn ? "/ct" : site.service;
    const nonce = isOwn ? "" : `nonce="${NONCE}"`;
    const icon = isOwn ? "/icon.ico" : "data:,";
    res.end(`<!doctype html><title>Site</title><link rel="icon" href="${icon}">
      <script ${nonce} async src="${address}/t.js" data-key="${site.writeKey}"></script>
      <noscript><img src="${address}/pixel/v1/page?writeKey=${site.writeKey}&amp;anonymousId=anonymous"
        alt="" referrerpolicy="no-referrer-when-downgrade"></noscript>
      <body>${PAGES[pathname] ?? "<p>Hello</p>"}</body>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  site.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  site.origin = `http://${site.host}`;
  return site;
}

function sendFile(pathname: string, res: ServerResponse): void {
  const isSound = pathname.endsWith(".wav");
  res.writeHead(isSound ? 200 : 204, isSound ? { "Content-Type": "audio/wav" } : {});
  res.end(isSound ? silence(2) : undefined);
}

/** No host but the service's, no script without the nonce, nothing inline, no evaluation. */
function policyFor(service: string): string {
  return `default-src 'none'; script-src 'nonce-${NONCE}'; connect-src ${service}; img-src ${service} data:; media-src 'self'; form-action 'self'`;
}

function forward(req: IncomingMessage, res: ServerResponse, address: string): void {
  const { host: _host, ...headers } = req.headers;
  const onward = http.request(address, { method: req.method, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  onward.on("error", () => res.writeHead(502).end());
  req.pipe(onward);
}
