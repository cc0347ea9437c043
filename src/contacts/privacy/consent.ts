/**
 * How much of what a contact does may be kept. `aggregate` counts it without naming anybody, `none`
 * keeps nothing.
 */
export const MODES = ["individual", "aggregate", "none"] as const;
export type Mode = (typeof MODES)[number];

/** What a contact can do that leaves a trace. */
export const CHANNELS = ["clicks", "opens", "site"] as const;
type Channel = (typeof CHANNELS)[number];

export type Consent = Readonly<Record<Channel, Mode>>;

/** What holds for who has said nothing. */
export const SILENT_CONSENT: Consent = {
  clicks: "individual",
  opens: "individual",
  site: "individual",
};

/** What the caller may change; what is not given stays. */
export interface ConsentChanges extends Partial<Consent> {
  readonly source?: string | undefined;
  readonly text_version?: string | undefined;
}

/** What an erased contact allows: its clicks are counted, and nothing else is kept. */
export const ERASED_CONSENT: Consent = { clicks: "aggregate", opens: "none", site: "none" };

/** What consent leaves of a hit: `canJoin` says whether the click may be joined to a visit. */
export interface HitConsent {
  readonly mode: Mode;
  readonly canJoin: boolean;
}

/** Reads a consent for a click or an open. */
export function hitConsentOf(consent: Consent, kind: "click" | "open"): HitConsent {
  const mode = kind === "click" ? consent.clicks : consent.opens;
  const canJoin = mode === "individual" && consent.site === "individual";
  return { mode, canJoin };
}
