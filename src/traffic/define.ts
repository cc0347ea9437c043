/** What a hit turned out to be. `prefetch` is software acting for a person who has not asked yet. */
export type VerdictName = "human" | "machine" | "prefetch";

/** A low certainty still counts; the reports mark it. */
export type Certainty = "high" | "low";

/** One named reason of a verdict. */
export interface Reason {
  readonly signal: string;
  /** Points; negative ones speak for a person. */
  readonly weight: number;
  /** What was seen, for a person to read. */
  readonly detail: string;
}

export interface Verdict {
  readonly verdict: VerdictName;
  readonly certainty: Certainty;
  /** The sum of the reasons' weights. */
  readonly score: number;
  readonly reasons: readonly Reason[];
  /** Which rules said so: see `judge.ts`. */
  readonly rulesVersion: number;
}

/** One click or open, as far as its judgement needs it. */
export interface Hit {
  /** Tells the hits of one judgement apart. */
  readonly id: string;
  readonly kind: "click" | "open";
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly method: string;
  /** Names the mail: its message, or the campaign where the link carries no message. */
  readonly message: string | null;
  readonly contact: string | null;
  readonly link: string | null;
  /** As it was stored: whole, cut to its network, or hashed. Null where none may be kept. */
  readonly address: string | null;
  /** Class of the network, found before the address was cut: `hosting`, `scanner_probable`, … */
  readonly network: string | null;
  /** Empty when the client sent none; null when nobody told us (an ESP's report). */
  readonly userAgent: string | null;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it came over TLS: without it browsers hold most of their headers back. */
  readonly tls: boolean;
  /** The visitor it brought did something on the site that takes a person. */
  readonly engaged: boolean;
  /** It carried the cookie of a visitor we know. */
  readonly returning: boolean;
}

/** What is known of the mail a hit belongs to. */
export interface MailFacts {
  /** Ids of its visible tracked links. */
  readonly links: ReadonlySet<string>;
  /** Ids of its hidden links. */
  readonly traps: ReadonlySet<string>;
  readonly unsubscribes: ReadonlySet<string>;
  /** Milliseconds since the Unix epoch; when it was sent if no delivery was reported. */
  readonly deliveredAt: number | null;
}

/** Client families that a change of device shows up in. */
export type Os = "windows" | "macos" | "ios" | "android" | "linux" | "chromeos";

/** What a user agent says about itself. */
export interface Agent {
  /** At most 512 characters: patterns never see more. Null when unknown. */
  readonly text: string | null;
  readonly os: Os | null;
  /** Major version of the Blink engine; null for every other engine, and on iOS. */
  readonly blink: number | null;
  /** An Android web view or an Office program: neither sends what its engine would. */
  readonly embedded: boolean;
  /** The image proxy it names itself as: a person looked, from an unknown device. */
  readonly proxy: string | null;
}

/** The narrow part of a hit that its neighbours' judgement needs. */
export interface Trace {
  readonly id: string;
  readonly at: number;
  /** Message and contact: only hits of one mail to one contact are compared. */
  readonly group: string;
  /** The contact, or what stands for it. */
  readonly who: string;
  readonly contact: string | null;
  readonly link: string | null;
  readonly address: string | null;
  readonly os: Os | null;
  /** Whether it is evidence about its neighbours: a click that is no prefetch. */
  readonly counts: boolean;
}

/** The hits around the one being judged. Only clicks that are no prefetch are ever counted. */
export interface Neighbourhood {
  /** Most different links of this mail and contact in any span of `ms` that holds this click. */
  links(ms: number): number;
  /** The same, of the mail's own visible links only. */
  mailLinks(ms: number): number;
  /** Most different contacts from this address in any span of `ms` that holds this click. */
  contacts(ms: number): number;
  /** The earliest other hit of this mail and contact, at most `ms` before or after, that is wanted. */
  find(ms: number, wanted: (other: Trace) => boolean): Trace | undefined;
  /** The same, on some links only: cheap, however many hits others have. */
  findOn(
    links: ReadonlySet<string>,
    ms: number,
    wanted?: (other: Trace) => boolean,
  ): Trace | undefined;
  /** Whether a hit came from the same /24 (/48). Unknown addresses share no network. */
  isSameNetwork(other: Trace): boolean;
}

/** Everything a signal may look at. */
export interface View {
  readonly hit: Hit;
  readonly mail: MailFacts;
  readonly agent: Agent;
  readonly near: Neighbourhood;
}

/** What a signal is evidence of. Two signals of one category are one witness. */
type Category =
  | "trap"
  | "protocol"
  | "ua"
  | "network"
  | "pattern"
  | "timing"
  | "headers"
  | "identity"
  | "network_pattern"
  | "person";

/** A labelled example: the documentation of a signal, and its test. */
export interface Example {
  readonly says: string;
  /** Starts from an ordinary click with a current browser. */
  readonly hit?: Partial<Hit>;
  /** Its neighbours, each starting from the hit itself. */
  readonly others?: readonly Partial<Hit>[];
  readonly mail?: Partial<MailFacts>;
  readonly fires: boolean;
}

/** One signal: a file of `catalog/`, named by its file. */
export interface SignalDefinition {
  /** What it means, for people, without a full stop. */
  readonly says: string;
  /** Points towards machine at 60; negative ones towards person. */
  readonly weight: number;
  readonly category: Category;
  /** Enough by itself, once its weight reaches the threshold. */
  readonly certain?: boolean;
  /** Decides alone, whatever speaks for a person. */
  readonly decides?: boolean;
  readonly appliesTo: readonly Hit["kind"][];
  /** Stronger signals of the same pattern: where one of them fires, this one adds nothing. */
  readonly unless?: readonly string[];
  /** Returns what it saw when it fires. Pure. */
  readonly test: (view: View) => string | undefined;
  readonly examples: readonly Example[];
}

/** A signal with its name. */
export interface Signal extends SignalDefinition {
  readonly name: string;
}

/** Declares a signal: the default export of a file in `catalog/`. */
export function defineSignal(signal: SignalDefinition): SignalDefinition {
  return signal;
}

/** The stock reply of a test that only asks a yes-or-no question. */
export function when(condition: boolean, detail: string): string | undefined {
  return condition ? detail : undefined;
}
