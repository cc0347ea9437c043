/** The files by name, as `GET /t.js` and `GET /t.<module>.js` serve them. */
export function bundleSiteScript(): Promise<Map<string, Buffer>>;
