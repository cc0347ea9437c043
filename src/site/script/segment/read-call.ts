export type Members = Record<string, unknown>;

/** A call of Segment's protocol, from the arguments that its browser library takes. */
export interface SegmentCall {
  readonly type: string;
  /** What the type has beside the common members: `event`, `userId`, `traits`, `properties`, … */
  readonly members: Members;
  /** The sender's own context, time or ids for this call. */
  readonly options: Members;
  /** Where the call was made, when it waited for the library. */
  readonly page: Members | undefined;
  readonly callback: (() => void) | undefined;
}

const TYPES = /^(track|page|screen|identify|group|alias)$/;

/** Methods of earlier versions, and those that send a call from an element: by what they are now. */
const EARLIER: Readonly<Record<string, string>> = { pageview: "page" };

/**
 * Reads a call: names and objects in the order that its type has, any of the last ones left out, a callback
 * at the end, and after it what the snippet adds to a call that waits.
 *
 * @returns undefined for a method that makes no call
 */
export function readCall(method: string, given: readonly unknown[]): SegmentCall | undefined {
  const type = EARLIER[method] ?? method;
  if (!TYPES.test(type)) return undefined;
  const buffered = given.find(isBufferedPage);
  const rest = given.filter((argument) => argument !== buffered);
  const callback = rest.find(isFunction);
  const names: string[] = [];
  const objects: unknown[] = [];
  const mostNames = /^(page|screen|alias)$/.test(type) ? 2 : 1;
  for (const [at, argument] of rest.filter((one) => !isFunction(one)).entries()) {
    const isName = typeof argument === "string" || typeof argument === "number";
    if (isName && objects.length === 0) names.push(`${argument}`);
    // Nothing in a name's place is a name left out, behind it an object left out.
    else if (isObject(argument) || at >= mostNames) objects.push(argument);
  }
  const [first, options] = objects;
  return {
    type,
    members: membersOf(type, names, objectOf(first)),
    options: objectOf(type === "alias" ? first : options),
    page: buffered && pageOf(buffered),
    callback,
  };
}

function membersOf(type: string, names: readonly string[], object: Members): Members {
  const [one, two] = names;
  if (type === "track") return { event: one, properties: object };
  if (type === "identify") return { userId: one, traits: object };
  if (type === "group") return { groupId: one, traits: object };
  if (type === "alias") return { userId: one, previousId: two };
  // One name is the page's, two are its category and its name.
  const [category, name] = two === undefined ? [undefined, one] : [one, two];
  return { name, category, properties: object };
}

/** The snippet notes where a call was made: the page may be another one when the library is there. */
function isBufferedPage(argument: unknown): argument is Members {
  return isObject(argument) && argument["__t"] === "bpc";
}

function pageOf({ u: url, p: path, s: search, t: title, r: referrer }: Members): Members {
  return { url, path, search, title, referrer };
}

function isFunction(value: unknown): value is () => void {
  return typeof value === "function";
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}

function objectOf(value: unknown): Members {
  return isObject(value) ? { ...value } : {};
}
