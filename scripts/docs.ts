// Writes the docs that are made from code; with --check it only says whether they are in step.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describeSettings } from "../src/lib/config.ts";

const docs = path.join(path.dirname(fileURLToPath(import.meta.url)), "../docs");
const isCheck = process.argv.includes("--check");

const pages: Record<string, string> = { "settings.md": settingsPage() };

let stale = 0;
for (const [name, text] of Object.entries(pages)) {
  const file = path.join(docs, name);
  if (readIfThere(file) === text) continue;
  stale += 1;
  if (isCheck) console.error(`docs/${name} is out of step: run \`npm run docs\``);
  else writeFileSync(file, text);
}
console.log(`docs: ${Object.keys(pages).length} pages made from code, ${stale} out of step`);
process.exit(isCheck && stale > 0 ? 1 : 0);

function settingsPage(): string {
  const rows = describeSettings().map(
    ({ name, default: value, description }) =>
      `| \`${name}\` | ${value === "" ? "" : `\`${value}\``} | ${description.replaceAll("|", "\\|")} |`,
  );
  return `# Settings

Every setting is an environment variable. Each may also come as \`NAME_FILE\`, the path of a file that holds the value, as Docker and
Kubernetes hand over secrets. All mistakes are reported at once, and a mistyped name is pointed out.

| name | default | what it does |
| --- | --- | --- |
${rows.join("\n")}
`;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
