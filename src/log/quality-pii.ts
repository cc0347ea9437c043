/** One character before the sign is enough: more of them would be tried from every start. */
const EMAIL = /[^\s@/?&=:;,<>"']@[^\s@/?&=:;,<>"']{1,253}\.[a-z]{2,}/i;
/** With a country code, or in the groups of three, three and four that people write. */
const PHONE = /\+\d[\d\s().-]{7,17}\d|\(?\b\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}\b/;
/** The leading digits of the card schemes; the check digit decides. */
const CARD = /\b(?:[3-6]\d|2[2-7])\d{2}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{1,4})?\b/g;
const PHONE_KEY = /^(?:phone|tel|telephone|mobile)(?:_?number)?$/i;

/** What of a person a text gives away. */
export function findPii(text: string): "email" | "phone" | "card" | null {
  // Most texts hold none of these marks, and the patterns cost more than looking for them.
  if (text.includes("@") || text.includes("%40")) {
    if (EMAIL.test(text.replaceAll("%40", "@"))) return "email";
  }
  if (!/\d{3}/.test(text)) return null;
  if (PHONE.test(text)) return "phone";
  return (text.match(CARD) ?? []).some(isCardNumber) ? "card" : null;
}

/**
 * Whether any text of a JSON value gives a person away.
 *
 * Values under a key that ends in `id` are no card numbers or phones: order numbers look alike.
 */
export function holdsPii(value: unknown, key = ""): boolean {
  if (typeof value === "number" || typeof value === "string") {
    const text = String(value);
    if (PHONE_KEY.test(key)) return /\d{6}/.test(text.replace(/[\s().-]/g, ""));
    const found = findPii(text);
    return found === "email" || (found !== null && !/id$/i.test(key));
  }
  if (Array.isArray(value)) return value.some((item) => holdsPii(item, key));
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, item]) => holdsPii(item, name));
}

/** The same of a URL: its parameters are named values, and may be percent-encoded. */
export function urlHoldsPii(url: string): boolean {
  if (holdsPii(url)) return true;
  const query = /\?([^#]*)/.exec(url)?.[1];
  return query !== undefined && holdsPii(Object.fromEntries(new URLSearchParams(query)));
}

/** The Luhn check digit, ISO/IEC 7812-1 annex B. */
function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  if (digits.length < 14 || digits.length > 19) return false;
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const value = at % 2 === 0 ? Number(digit) : Number(digit) * 2;
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
