const OPENS: Readonly<Record<string, string>> = { ")": "(", "]": "[" };

/**
 * What is wrong with a CSS selector, as a sentence; undefined if nothing is found. Only a browser knows
 * for sure: this finds what people mistype, the preview shows the rest.
 */
export function findSelectorProblem(selector: string): string | undefined {
  if (selector === "") return 'Give a CSS selector such as "#buy" or ".menu a".';
  // What stands in quotes or behind a backslash is text.
  const bare = selector.replace(/\\./g, "x").replace(/"[^"]*"|'[^']*'/g, "x");
  if (/["']/.test(bare)) return "The selector lacks a closing quote.";
  if (/[{};]/.test(bare)) return "Expected a CSS selector alone, without a rule in braces.";
  const unbalanced = findUnbalanced(bare);
  if (unbalanced) return `The selector has a ${unbalanced} without its other half.`;
  return /^\s*[>+~,]|[>+~,.#]\s*$|[.#][.#\s]|,\s*,/.test(bare)
    ? "The selector ends too early: a name is missing."
    : undefined;
}

function findUnbalanced(text: string): string | undefined {
  const waiting: string[] = [];
  for (const char of text) {
    if (char === "(" || char === "[") waiting.push(char);
    const opens = OPENS[char];
    if (opens && waiting.pop() !== opens) return char;
  }
  return waiting.pop();
}
