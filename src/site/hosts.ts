/** The hosts of a site, ready to be asked for. */
export interface HostSet {
  /** Whether a link goes there. @param host as `URL.host` gives it: host, or host:port */
  has(host: string): boolean;
}

/** A host that can be registered, or why it can't. */
export type ParsedHost = { readonly host: string } | { readonly problem: string };

/**
 * Reads a host as people write it: `shop.test`, `*.shop.test`, `localhost:3000`, `[::1]:8080`.
 *
 * International names come out in ASCII (RFC 5891), in lower case and without a dot at the end.
 */
export function parseHost(given: string): ParsedHost {
  const text = given.trim();
  if (text === "") return { problem: "Expected a host such as shop.example." };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    return { problem: `Write the host alone: ${hostOfUrl(text)}.` };
  }
  const isWildcard = text.startsWith("*.");
  const rest = isWildcard ? text.slice(2) : text;
  if (/[/?#@\\\s*%]/.test(rest)) {
    return { problem: "Expected a host alone: no path, no user, a * only as *. at its start." };
  }
  const host = canonicalHost(rest);
  if (host === null) return { problem: `"${text}" is no host.` };
  if (isWildcard && !/^[^.:]+\.[^:]+(:\d+)?$/.test(host)) {
    return { problem: "A *. stands before a domain of at least two parts, as *.shop.example." };
  }
  return { host: isWildcard ? `*.${host}` : host };
}

function hostOfUrl(text: string): string {
  return URL.canParse(text) ? new URL(text).host || "shop.example" : "shop.example";
}

/** The port is read by hand: a URL drops its scheme's default one. */
function canonicalHost(text: string): string | null {
  const port = /:(\d{1,5})$/.exec(text)?.[1];
  const name = port === undefined ? text : text.slice(0, -port.length - 1);
  const isPort = Number(port ?? 1) >= 1 && Number(port ?? 1) <= 65_535;
  if (!isPort || /:\d*$/.test(name) || !URL.canParse(`http://${name}/`)) return null;
  const { hostname } = new URL(`http://${name}/`);
  const bare = hostname.replace(/\.$/, "");
  return port === undefined ? bare : `${bare}:${Number(port)}`;
}

/** RFC 1035, 2.3.4, with a port behind it. */
const LONGEST_HOST = 253 + ":65535".length;

/**
 * A set of registered hosts. Without a port a host covers every port; `*.` covers every level below
 * the domain, and not the domain itself.
 */
export function createHostSet(hosts: readonly string[]): HostSet {
  const registered = new Set(hosts);
  return {
    has(given) {
      if (given.length > LONGEST_HOST) return false;
      const port = /:(\d+)$/.exec(given)?.[1];
      const name = (port === undefined ? given : given.slice(0, -port.length - 1))
        .toLowerCase()
        .replace(/\.$/, "");
      // A URL does not write its scheme's default port.
      const ports = port === undefined ? ["", ":443", ":80"] : ["", `:${port}`];
      return candidates(name).some((host) => ports.some((end) => registered.has(`${host}${end}`)));
    },
  };
}

/** `a.b.test` is covered by itself, `*.b.test` and `*.test`. */
function candidates(name: string): string[] {
  const labels = name.split(".");
  return [name, ...labels.slice(1).map((_label, at) => `*.${labels.slice(at + 1).join(".")}`)];
}
