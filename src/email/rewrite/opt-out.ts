/** Reads an attribute of an element: its decoded value, `""` without one, undefined when absent. */
export type AttributeReader = (name: string) => string | undefined;

const ALWAYS = () => true;
const isOff = (value: string) => ["off", "false", "0"].includes(value);

/** Each platform's way of keeping one link untracked, all honoured and kept in the output. */
const OPT_OUTS: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ["data-track", (value: string) => isOff(value) || value === "no"],
  ["data-no-track", ALWAYS],
  ["data-tracking", isOff],
  ["clicktracking", isOff], // SendGrid
  ["ses:no-track", ALWAYS], // Amazon SES
  ["data-pm-no-track", ALWAYS], // Postmark
  ["data-skip-click", ALWAYS], // ahoy_email
  ["mautic:disable-tracking", ALWAYS],
  ["mc:disable-tracking", ALWAYS], // Mandrill
  ["disable-tracking", ALWAYS], // Mailgun
  ["data-disable-tracking", (value: string) => value === "" || value === "true"], // OneSignal
  ["data-msys-clicktrack", (value: string) => value === "0"], // SparkPost
]);

/** Customer.io's class. */
const UNTRACKED_CLASS = "untracked";

/** Whether an element asks, in any platform's spelling, not to be tracked. */
export function isOptedOut(names: readonly string[], read: AttributeReader): boolean {
  return names.some((name) => {
    if (name === "class") return tokens(read(name)).includes(UNTRACKED_CLASS);
    const optsOut = OPT_OUTS.get(name);
    return optsOut?.((read(name) ?? "").trim().toLowerCase()) ?? false;
  });
}

/** The space-separated words of an attribute, in lower case. */
export function tokens(value: string | undefined): string[] {
  return (value ?? "").toLowerCase().split(/\s+/);
}
