import http from "node:http";
import type { AddressInfo } from "node:net";

/** A site whose pages carry a snippet of Segment's shape that loads from the service. */
export interface SegmentSite {
  readonly host: string;
  readonly origin: string;
  stop(): void;
}

interface SnippetOptions {
  /** Where the library is loaded from: `https://host`, in the place of the vendor's. */
  readonly service: string;
  readonly key: string;
  /** Name of the global, and whether stubs note where they were called, as version 5 does. */
  readonly globalName?: string;
  readonly notesPage?: boolean;
  /** What the page says right behind the snippet, before anything is loaded. */
  readonly calls: string;
}

/**
 * The shape that sites have had in their pages for years: an array with a stub for each method, a `load` that
 * inserts the script, and the first calls.
 */
export function snippet({
  service,
  key,
  globalName = "analytics",
  notesPage = true,
  calls,
}: SnippetOptions): string {
  return `(function () {
    var name = ${JSON.stringify(globalName)};
    var waiting = (window[name] = window[name] || []);
    if (waiting.initialize) return;
    if (waiting.invoked) return void console.error("included twice");
    waiting.invoked = true;
    waiting.methods = ["trackSubmit", "trackClick", "trackLink", "trackForm", "pageview", "identify", "reset",
      "group", "track", "ready", "alias", "debug", "page", "screen", "once", "off", "on", "addSourceMiddleware",
      "addIntegrationMiddleware", "setAnonymousId", "addDestinationMiddleware", "register"];
    waiting.factory = function (method) {
      return function () {
        if (window[name].initialized) return window[name][method].apply(window[name], arguments);
        var call = [].slice.call(arguments);
        if (${notesPage} && /^(track|screen|alias|group|page|identify)$/.test(method)) {
          call.push({ __t: "bpc", c: undefined, p: location.pathname, u: location.href, s: location.search,
            t: document.title, r: document.referrer });
        }
        call.unshift(method);
        waiting.push(call);
        return waiting;
      };
    };
    waiting.methods.forEach(function (method) { waiting[method] = waiting.factory(method); });
    waiting.load = function (key, options) {
      var script = document.createElement("script");
      script.type = "text/javascript";
      script.async = true;
      script.setAttribute("data-global-segment-analytics-key", name);
      script.src = ${JSON.stringify(service)} + "/analytics.js/v1/" + key + "/analytics.min.js";
      var first = document.getElementsByTagName("script")[0];
      first.parentNode.insertBefore(script, first);
      waiting._loadOptions = options;
    };
    waiting._writeKey = ${JSON.stringify(key)};
    waiting.SNIPPET_VERSION = "5.2.1";
    waiting.load(${JSON.stringify(key)});
    var analytics = waiting;
    ${calls}
  })();`;
}

/** Serves the pages, each with its own script in the head; `/next` carries none. */
export async function startSegmentSite(
  pages: () => Readonly<Record<string, string>>,
): Promise<SegmentSite> {
  const server = http.createServer((req, res) => {
    const { pathname } = new URL(req.url ?? "/", "http://site.test");
    res.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    res.end(`<!doctype html><title>Shop</title><link rel="icon" href="data:,">
      <script>${pages()[pathname] ?? ""}</script>
      <a id="on" href="/next">On</a><div style="height:5000px"></div>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, origin: `http://${host}`, stop: () => server.close() };
}
