import { benchBackPressure } from "./back-pressure.ts";
import { benchCollect } from "./collect.ts";
import type { BenchFigure } from "./figure.ts";
import { benchFill } from "./fill.ts";
import { benchRedirect } from "./redirect.ts";
import { benchRedirectMore } from "./redirect-more.ts";
import { benchRewrite } from "./rewrite.ts";
import { benchWho } from "./who.ts";

/** Its figures together, or each as soon as it is known. */
type Bench = () => Promise<BenchFigure[]> | AsyncIterable<BenchFigure>;

/** `npm run bench [-- NAME …]`: every figure, or the named ones. */
const BENCHES: Record<string, Bench> = {
  redirect: benchRedirect,
  "redirect-more": benchRedirectMore,
  collect: benchCollect,
  "back-pressure": benchBackPressure,
  rewrite: benchRewrite,
  fill: benchFill,
  who: benchWho,
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`No figure "${unknown}". There are: ${Object.keys(BENCHES).join(", ")}.`);
  process.exit(2);
}

let missed = 0;
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n${name}`);
  for await (const figure of await bench()) {
    const goal = figure.goal === "" ? "" : `  (goal ${figure.goal}${figure.met ? "" : ": MISSED"})`;
    console.log(`  ${figure.name.padEnd(42)} ${figure.value}${goal}`);
    if (!figure.met) missed += 1;
  }
}
process.exit(missed > 0 ? 1 : 0);
