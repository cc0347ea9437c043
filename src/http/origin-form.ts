import type { IncomingMessage, RequestListener } from "node:http";

const SLASH = 47;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

/**
 * Takes requests whose target is a whole URL, as clients send them to a proxy and every server has to
 * accept them, for requests of its path.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function withOriginForm(listener: RequestListener): RequestListener {
  return (req, res) => {
    if (req.url?.charCodeAt(0) !== SLASH) toOriginForm(req);
    listener(req, res);
  };
}

function toOriginForm(req: IncomingMessage): void {
  const [, host, rest = ""] = ABSOLUTE.exec(req.url ?? "") ?? [];
  if (host === undefined) return;
  req.url = rest.startsWith("/") ? rest : `/${rest}`;
  // The target's host counts, whatever `Host` says.
  req.headers.host = host;
}
