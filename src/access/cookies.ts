/** Names and attributes of our cookies follow the public address: `https` gets the strict form. */
export interface SessionCookie {
  /** The session token in a `Cookie` header, or undefined. */
  read(header: string | undefined): string | undefined;
  /** The `Set-Cookie` value that keeps `token` for `maxAgeS` seconds; 0 removes it. */
  write(token: string, maxAgeS: number): string;
}

/**
 * `clicktrail_session`, HttpOnly and SameSite=Lax; over https also Secure and with the `__Host-`
 * prefix, so that no sibling host can plant one.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis
 */
export function createSessionCookie(baseUrl: string): SessionCookie {
  const secure = baseUrl.startsWith("https:");
  const name = secure ? "__Host-clicktrail_session" : "clicktrail_session";
  return {
    read: (header) => readCookie(header, name),
    write: (token, maxAgeS) =>
      `${name}=${token}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`,
  };
}

/** The value of one cookie as it was sent, or undefined. The first wins where a name repeats. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at !== -1 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
