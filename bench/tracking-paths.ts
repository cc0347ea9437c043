const RECIPIENTS = 5000;
const LINKS = 20;

/** Real tokens: mails of 20 links for so many recipients that there are enough of them. */
export async function makeTrackingPaths(
  port: number,
  apiKey: string,
  count: number,
): Promise<string[]> {
  const paths: string[] = [];
  for (let mail = 0; paths.length < count; mail += RECIPIENTS) {
    const text = await rewriteFor(port, apiKey, mail);
    for (const [match] of text.matchAll(/\/c\/[\w-]+\/[\w-]+/g)) paths.push(match);
  }
  return paths.slice(0, count);
}

async function rewriteFor(port: number, apiKey: string, first: number): Promise<string> {
  const html = Array.from(
    { length: LINKS },
    (_, index) =>
      `<a href="https://shop.example/spring/shoes/${index}?color=red&amp;size=${index}">x</a>`,
  ).join("\n");
  const recipients = Array.from({ length: RECIPIENTS }, (_, index) => ({
    contact: { id: `contact-${first + index}` },
  }));
  const utm = { utm_source: "newsletter", utm_medium: "email", utm_campaign: "spring" };
  const response = await fetch(`http://127.0.0.1:${port}/v1/rewrite/batch`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({
      html,
      campaign: "bench",
      utm,
      recipients,
      options: { record_sent: false },
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`The batch was refused: ${text}`);
  return text;
}
