/** What is worth sending again: too much at once, or a service that is away. */
const RETRY = /^(0|429|5\d\d)$/;
const MOST_RETRIES = 6;

/** Sends single calls to the service, and again for a minute where that may help. */
export function createSender(folder: string, writeKey: string): (call: object) => void {
  const url = `${folder}v1/b?writeKey=${encodeURIComponent(writeKey)}`;

  async function post(body: string, tries: number): Promise<void> {
    const keepalive = body.length < 2e4;
    const status = await fetch(url, { method: "POST", body, keepalive }).then(
      (answer) => answer.status,
      () => 0,
    );
    if (!RETRY.test(`${status}`) || tries === MOST_RETRIES) return;
    setTimeout(() => void post(body, tries + 1), 1000 * 2 ** tries);
  }

  // A copy made now: the page may change or reuse its object.
  return (call) =>
    void post(
      JSON.stringify({
        batch: [call],
        context: { library: { name: "clicktrail.js" }, locale: navigator.language },
        sentAt: new Date(),
      }),
      0,
    );
}
