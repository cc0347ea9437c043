/** Headers that tell people, scanners and prefetchers apart; kept with every click, open and visit. */
export const SIGNAL_HEADERS = [
  "accept-language",
  "sec-fetch-mode",
  "sec-fetch-dest",
  "sec-fetch-site",
  "sec-fetch-user",
  "sec-ch-ua",
  "sec-ch-ua-mobile",
  "sec-ch-ua-platform",
  "sec-purpose",
  "purpose",
  "x-purpose",
  "x-moz",
  "sec-gpc",
  "dnt",
  "referer",
] as const;

/** Characters of one header that are kept; user agents of 16 KB exist only to hurt. */
export const MAX_HEADER_LENGTH = 512;
