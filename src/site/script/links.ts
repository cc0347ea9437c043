const DOWNLOAD =
  /\.(pdf|xlsx?|docx?|txt|rtf|csv|exe|key|pp(?:s|t|tx)|7z|pkg|rar|gz|zip|avi|mov|mp4|mpe?g|wmv|midi?|mp3|wav|wma)$/i;

/** The parts of a link that matter, as an anchor element or a URL holds them. */
export interface Link {
  readonly href: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly pathname: string;
}

/** An event that a link stands for. */
export type LinkEvent = readonly [
  name: "click" | "file_download",
  properties: Record<string, unknown>,
];

/**
 * What a click on a link is: a download by the extension of its path, an outbound click by its host,
 * or nothing of interest.
 *
 * @param pageHost host name of the page
 */
export function describeLink(link: Link, pageHost: string): LinkEvent | undefined {
  const { href: link_url, hostname: link_domain, pathname } = link;
  // Neither mailto: nor an SVG link, whose address is an object.
  if (!/^http/.test(link.protocol)) return undefined;
  const file_extension = DOWNLOAD.exec(pathname)?.[1]?.toLowerCase();
  if (file_extension) {
    const file_name = pathname.split("/").pop();
    return ["file_download", { link_url, file_name, file_extension }];
  }
  const isOwn = `.${bare(link_domain)}`.endsWith(`.${bare(pageHost)}`);
  return isOwn ? undefined : ["click", { link_url, link_domain, outbound: true }];
}

function bare(host: string): string {
  return host.replace(/^www\d*\./, "");
}
