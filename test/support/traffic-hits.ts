import type { Hit, MailFacts } from "../../src/traffic/define.ts";

/** An ordinary click from a current browser; tests change what they are about. */
export const ORDINARY_CLICK: Hit = {
  id: "hit",
  kind: "click",
  at: 0,
  method: "GET",
  message: "m",
  contact: "c",
  link: "0",
  address: "192.0.2.10",
  network: null,
  userAgent:
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  headers: {
    "accept-language": "en-US,en;q=0.9",
    "sec-ch-ua": '"Chromium";v="131", "Google Chrome";v="131"',
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  },
  tls: true,
  engaged: false,
  returning: false,
};

/** A mail of which little is known, delivered long before. */
export const ORDINARY_MAIL: MailFacts = {
  links: new Set(["0", "1", "2", "3", "4", "unsubscribe"]),
  traps: new Set(["trap"]),
  unsubscribes: new Set(["unsubscribe"]),
  deliveredAt: -3_600_000,
};
