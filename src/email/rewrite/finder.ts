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

/** Of the end tag that closes raw text; `</styles>` does not close `<style>`. */
export function createEndTagFinder(html: string, name: string): Finder {
  const endsTag = /[\t\n\f\r />]/;
  // Style sheets hold hardly a `</`: finding those is four times as fast as a pattern without case.
  return remember((from) => {
    for (let at = html.indexOf("</", from); at >= 0; at = html.indexOf("</", at + 2)) {
      const end = at + 2 + name.length;
      if (html.slice(at + 2, end).toLowerCase() === name && endsTag.test(html.charAt(end)))
        return at;
    }
    return -1;
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
