import type { IncomingMessage } from "node:http";

const SLASH = 47;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

/**
 * Makes a request whose target is a whole URL, as clients send it to a proxy and every server has to accept
 * it, one for its path.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function toOriginForm(req: IncomingMessage): void {
  if (req.url?.charCodeAt(0) === SLASH) return;
  const [, host, rest = ""] = ABSOLUTE.exec(req.url ?? "") ?? [];
  if (host === undefined) return;
  req.url = rest.startsWith("/") ? rest : `/${rest}`;
  // The target's host counts, whatever `Host` says.
  req.headers.host = host;
}
