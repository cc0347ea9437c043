import { defineSignal, when } from "../define.ts";

const SPAN_MS = 5000;

/** Another system followed another link of the mail within five seconds: scanners rotate agents. */
export default defineSignal({
  says: "Another operating system followed another link within five seconds",
  weight: 30,
  category: "identity",
  appliesTo: ["click"],
  test({ hit, agent, near }) {
    if (agent.os === null) return undefined;
    const other = near.find(
      SPAN_MS,
      ({ link, os }) => link !== hit.link && os !== null && os !== agent.os,
    );
    return when(other !== undefined, `${agent.os} and ${other?.os} within 5 s`);
  },
  examples: [
    {
      says: "Windows, then a Mac on another link",
      hit: { link: "0", at: 0 },
      others: [
        {
          link: "1",
          at: 400,
          userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/103.0.0.0",
        },
      ],
      fires: true,
    },
    {
      says: "the same link on phone and laptop",
      hit: { link: "0", at: 0 },
      others: [{ link: "0", at: 400, userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5)" }],
      fires: false,
    },
    {
      says: "another link without a user agent",
      hit: { link: "0", at: 0 },
      others: [{ link: "1", at: 400, userAgent: "" }],
      fires: false,
    },
    {
      says: "6 s later",
      hit: { link: "0", at: 0 },
      others: [{ link: "1", at: 6000, userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5)" }],
      fires: false,
    },
  ],
});
