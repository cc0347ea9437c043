import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";

/** Mails to measure with: real ones where the shared material is at hand, else made in code. */
export async function loadMails(): Promise<{ mails: string[]; origin: string }> {
  const folder = process.env["CLICKTRAIL_FIXTURES"];
  if (folder === undefined) {
    return { mails: Array.from({ length: 60 }, (_, i) => makeMail(17_500, i)), origin: "made" };
  }
  const corpus = path.join(folder, "corpus");
  const index = z
    .object({ files: z.array(z.object({ file: z.string() })) })
    .parse(JSON.parse(await readFile(path.join(corpus, "index.json"), "utf8")));
  const mails = await Promise.all(
    index.files.map(({ file }) => readFile(path.join(corpus, file), "utf8")),
  );
  return { mails, origin: "corpus" };
}

const ROW = (
  number: number,
) => `<tr><td style="padding:10px 25px;font-family:Arial,sans-serif;font-size:14px">
<p style="margin:0 0 12px">Lorem ipsum &amp; dolor sit amet, consectetur adipiscing elit, item ${number}.</p>
<a href="https://shop.example.com/products/item-${number}?color=red&amp;size=xl" style="color:#06c">Item ${number}</a>
</td></tr>\n`;

/** A table mail with one link in about 380 bytes. */
function makeMail(bytes: number, seed = 0): string {
  const rows: string[] = [];
  for (let length = 0, number = seed * 1000; length < bytes; number += 1) {
    const row = ROW(number);
    rows.push(row);
    length += row.length;
  }
  return `<!doctype html><html><head><style>a{color:#06c}</style></head><body><table>${rows.join("")}</table></body></html>`;
}
