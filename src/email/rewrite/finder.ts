/**
 * Finds the next occurrence of a text, remembering its last answer.
 *
 * A mail full of unclosed comments or `<style>` would otherwise be searched to its end once for each
 * of them; like this all searches together stay linear, as long as each starts at or after the last.
 */
export interface Finder {
  /** The offset of the next occurrence at or after `from`, or -1. */
  next(from: number): number;
}

/** Of a literal text. */
export function createFinder(html: string, wanted: string): Finder {
  return remember((from) => html.indexOf(wanted, from));
}

/** Of a regular expression, which must carry the flag `g`. */
export function createPatternFinder(html: string, wanted: RegExp): Finder {
  return remember((from) => {
    wanted.lastIndex = from;
    return wanted.exec(html)?.index ?? -1;
  });
}

function remember(search: (from: number) => number): Finder {
  let searchedFrom = Number.POSITIVE_INFINITY;
  let answer = -1;
  return {
    next(from) {
      const known = from >= searchedFrom && (answer < 0 || answer >= from);
      if (!known) {
        answer = search(from);
        searchedFrom = from;
      }
      return answer;
    },
  };
}
