/** What is skipped whole, so that a semicolon in it ends nothing; then the words that nest. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?<tag>[a-z_]*)\$[\s\S]*?\$\k<tag>\$|[a-z_][\w$]*|;/gi;

/**
 * Cuts an SQL script into its statements, without their final semicolons.
 *
 * Knows comments, quoted text and names, PostgreSQL's `$$ … $$`, and the body of an SQLite trigger
 * (`BEGIN … END`, with `CASE … END` inside). Pieces that hold comments alone are left out.
 */
export function splitStatements(script: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let words: string[] = [];
  let depth = 0;

  for (const { 0: token, index } of script.matchAll(TOKEN)) {
    if (token === ";") {
      if (depth > 0) continue;
      if (words.length > 0) statements.push(script.slice(start, index).trim());
      start = index + 1;
      words = [];
    } else if (!isComment(token)) {
      depth = Math.max(0, depth + nesting(token.toUpperCase(), words));
      words.push(token.toUpperCase());
    }
  }
  if (words.length > 0) statements.push(script.slice(start).trim());
  return statements;
}

function isComment(token: string): boolean {
  return token.startsWith("--") || token.startsWith("/*");
}

/** BEGIN opens a body only in a trigger; elsewhere it would begin a transaction. */
function nesting(word: string, before: readonly string[]): number {
  const isTrigger = before[0] === "CREATE" && before.slice(1, 3).includes("TRIGGER");
  if (!isTrigger) return 0;
  if (word === "BEGIN" || word === "CASE") return 1;
  return word === "END" ? -1 : 0;
}
