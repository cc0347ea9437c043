/** What the plugin needs to reach the service. */
export interface ClicktrailOptions {
  /** Base URL of the service, e.g. `https://click.example.com`. */
  readonly url: string;
  /** A secret API key with the scope `rewrite`. */
  readonly key: string;
  /** Campaign of mails that do not name theirs in `data.clicktrail.campaign`. */
  readonly campaign: string;
  readonly utm?: Readonly<Record<string, string>>;
  /** Options of the rewrite, as in the API. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** `send` lets a mail go out untracked when the service cannot be reached; `fail` is the default. */
  readonly onError?: "fail" | "send";
  /** Milliseconds to wait for the service; 10,000 unless given. */
  readonly timeoutMs?: number;
}

/** What a single mail may say: `transport.sendMail({ …, clicktrail: { campaign, contact } })`. */
interface ClicktrailMail {
  readonly campaign?: string;
  readonly contact?: { readonly id?: string; readonly email?: string };
  /** `false` leaves this mail alone. */
  readonly track?: boolean;
}

interface MailData {
  html?: unknown;
  text?: unknown;
  to?: unknown;
  headers?: unknown;
  clicktrail?: ClicktrailMail;
}

/** The part of nodemailer's mail object that a compile plugin uses. */
interface PluginMail {
  readonly data: MailData;
  readonly message?: { messageId(): string };
  resolveContent(
    data: object,
    key: string,
    callback: (error: Error | null, value?: unknown) => void,
  ): void;
}

type Done = (error?: Error | null) => void;

/**
 * A nodemailer plugin that rewrites the links of every mail:
 *
 *     transport.use("compile", clicktrail({ url, key, campaign: "spring sale" }));
 *
 * The contact is `data.clicktrail.contact`, else the one address in `to`. DKIM signs afterwards, so
 * signatures stay valid.
 *
 * @see https://nodemailer.com/plugins/create/
 */
export function clicktrail(options: ClicktrailOptions): (mail: PluginMail, done: Done) => void {
  return (mail, done) => {
    rewriteMail(mail, options).then(
      () => done(),
      (error: unknown) => {
        if (options.onError === "send") return done();
        return done(error instanceof Error ? error : new Error(String(error)));
      },
    );
  };
}

async function rewriteMail(mail: PluginMail, options: ClicktrailOptions): Promise<void> {
  const { data } = mail;
  if (data.clicktrail?.track === false) return;
  const html = await resolve(mail, "html");
  if (html === undefined || html.trim() === "") return;
  const text = await resolve(mail, "text");
  const contact = data.clicktrail?.contact ?? onlyAddress(data.to);
  const answer = await post(options, {
    html,
    ...(text === undefined ? {} : { text }),
    ...(contact === undefined ? {} : { contact }),
    campaign: data.clicktrail?.campaign ?? options.campaign,
    utm: options.utm ?? {},
    options: options.options ?? {},
  });
  data.html = answer.html;
  if (typeof answer.text === "string") data.text = answer.text;
  data.headers = addHeader(data.headers, "X-Clicktrail-Message", answer.message_id);
}

function resolve(mail: PluginMail, key: "html" | "text"): Promise<string | undefined> {
  if (mail.data[key] === undefined || mail.data[key] === null) return Promise.resolve(undefined);
  return new Promise((done, fail) => {
    mail.resolveContent(mail.data, key, (error, value) => {
      if (error) fail(error);
      else done(value === undefined ? undefined : String(value));
    });
  });
}

interface Answer {
  readonly html: string;
  readonly text: string | null;
  readonly message_id: string;
}

async function post(options: ClicktrailOptions, body: object): Promise<Answer> {
  const response = await fetch(`${options.url.replace(/\/+$/, "")}/v1/rewrite`, {
    method: "POST",
    headers: { authorization: `Bearer ${options.key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && isAnswer(answer)) return answer;
  throw new Error(`clicktrail answered ${response.status}: ${detailOf(answer)}`);
}

function isAnswer(answer: unknown): answer is Answer {
  return (
    typeof answer === "object" &&
    answer !== null &&
    "html" in answer &&
    typeof answer.html === "string" &&
    "message_id" in answer &&
    typeof answer.message_id === "string"
  );
}

function detailOf(answer: unknown): string {
  const isObject = typeof answer === "object" && answer !== null;
  return isObject && "detail" in answer ? String(answer.detail) : "no explanation";
}

/** The address of a mail to one person; several share a mail, so it is nobody's in particular. */
function onlyAddress(to: unknown): { email: string } | undefined {
  const list = Array.isArray(to) ? to : [to];
  const [only] = list;
  if (list.length !== 1) return undefined;
  const given =
    typeof only === "object" && only !== null && "address" in only ? only.address : only;
  if (typeof given !== "string" || given.includes(",")) return undefined;
  const [, angled] = /<([^<>]+)>\s*$/.exec(given) ?? [];
  const email = (angled ?? given).trim();
  return /^[^\s@]+@[^\s@]+$/.test(email) ? { email } : undefined;
}

function addHeader(headers: unknown, key: string, value: string): unknown {
  if (Array.isArray(headers)) return [...headers, { key, value }];
  return { ...(typeof headers === "object" ? headers : {}), [key]: value };
}
