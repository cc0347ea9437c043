/** What may surprise the sender about a mail that was rewritten all the same. */
type WarningCode =
  | "cut_mail"
  | "double_encoded"
  | "duplicate_name"
  | "email_in_url"
  | "href_in_merge_tag"
  | "http_destination"
  | "local_destination"
  | "maybe_signed"
  | "merge_block"
  | "over_102_kb"
  | "pii_in_query"
  | "signed_url"
  | "unsafe_scheme";

const MESSAGES: Readonly<Record<WarningCode, string>> = {
  cut_mail: "The mail ends inside a tag, a comment or raw text: nothing was added at its end.",
  double_encoded: "`&amp;amp;` was decoded once, as a mail client does; is `&amp;` meant?",
  duplicate_name: "Links of different places share a `data-link-name`; reports tell them by index.",
  email_in_url: "A link holds an email address, which every site on its way can read.",
  href_in_merge_tag: "An `href` inside a template condition was left alone.",
  http_destination: "A destination is http: its path can be read and changed on the way.",
  local_destination: "A destination is this machine or a private network; readers cannot reach it.",
  maybe_signed: "A link holds `sig` or `token`: check that it works with parameters added.",
  merge_block:
    "Merge tags that choose between texts, or are written in character references, cannot travel on a tracking URL: the link was left alone.",
  over_102_kb: "Gmail clips mails over 102 kB: what stands below is hidden, the open pixel too.",
  pii_in_query: "A link's query names personal data.",
  signed_url: "A signed URL got no UTM parameters: they would break its signature.",
  unsafe_scheme: "A link runs code (`javascript:`, `vbscript:`, `data:`); mail clients block it.",
};

export interface Warning {
  readonly code: WarningCode;
  readonly message: string;
  /** How often it applies. */
  readonly count: number;
  /** Offset of the first place in the given text, where there is one. */
  readonly offset?: number;
}

/** Counts warnings by their code, keeping the first place of each. */
export interface WarningList {
  add(code: WarningCode, offset?: number): void;
  list(): Warning[];
}

export function createWarningList(): WarningList {
  const found = new Map<WarningCode, Warning>();
  return {
    add(code, offset) {
      const known = found.get(code);
      const place = offset === undefined ? {} : { offset };
      found.set(
        code,
        known
          ? { ...known, count: known.count + 1 }
          : { code, message: MESSAGES[code], count: 1, ...place },
      );
    },
    list: () => [...found.values()],
  };
}

const UNSAFE = /^\s*(javascript|vbscript|data)\s*:/i;
const LOCAL_HOST =
  /^(localhost|.*\.(localhost|local|internal)|127\..*|10\..*|192\.168\..*|169\.254\..*|172\.(1[6-9]|2\d|3[01])\..*|0\.0\.0\.0|\[::1\]|\[f[cd].*)$/i;
const EMAIL = /[\w.+-]+(@|%40)[\w-]+\.[a-z]{2,}/i;
const PII_KEY =
  /[?&](e?mail|email_?address|phone|tel|mobile|first_?name|last_?name|dob|birth_?(day|date)|ssn|password|passwd)=[^&]/i;
const TOKEN_KEY = /[?&](sig|token)=/i;

/** Notes what is odd about a link that is tracked. */
export function warnAboutDestination(warnings: WarningList, url: URL, offset: number): void {
  if (url.protocol === "http:") warnings.add("http_destination", offset);
  if (LOCAL_HOST.test(url.hostname)) warnings.add("local_destination", offset);
  if (url.search === "") return;
  if (TOKEN_KEY.test(url.search)) warnings.add("maybe_signed", offset);
  if (EMAIL.test(url.search)) warnings.add("email_in_url", offset);
  else if (PII_KEY.test(url.search)) warnings.add("pii_in_query", offset);
}

/** Whether a link that was left alone for its scheme would run code. */
export function isUnsafeUrl(url: string): boolean {
  return UNSAFE.test(url.replaceAll(/[\t\n\r]/g, ""));
}
