// Checks the layer map of .dependency-cruiser.cjs, and that it looked at the code at all: with a compiler
// it does not know, dependency-cruiser cruises zero modules and still finds no violation.
import { cruise } from "dependency-cruiser";
import extractConfig from "dependency-cruiser/config-utl/extract-depcruise-config";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";

const LEAST_MODULES = 20;

const ruleSet = await extractConfig("./.dependency-cruiser.cjs");
const { output } = await cruise(
  ["src"],
  { ...ruleSet.options, ruleSet, validate: true },
  {},
  { tsConfig: extractTSConfig("./tsconfig.json") },
);

const { violations, totalCruised } = output.summary;
for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} -> ${to}`);
if (totalCruised < LEAST_MODULES) {
  console.error(`layers: only ${totalCruised} modules were looked at; the checker is blind.`);
}
console.log(`layers: ${violations.length} breaks in ${totalCruised} modules`);
process.exit(violations.length > 0 || totalCruised < LEAST_MODULES ? 1 : 0);
