import { type BenchFigure, median } from "./figure.ts";
import type { BenchServer } from "./processes.ts";

const EVERY_MS = 500;

/**
 * Runs a load and compares the memory of the server in its first and its last fifth: garbage comes and goes within
 * half a minute, so single samples tell nothing.
 *
 * @param name what the load is
 * @param mostMb growth that is no growth, in megabytes
 */
export async function watchMemory<T>(
  server: BenchServer,
  name: string,
  mostMb: number,
  load: () => Promise<T>,
): Promise<{ readonly result: T; readonly figure: BenchFigure }> {
  const samples: number[] = [];
  const watch = setInterval(() => samples.push(server.rssBytes() / 1e6), EVERY_MS);
  const result = await load();
  clearInterval(watch);
  const fifth = Math.max(1, Math.floor(samples.length / 5));
  const [first, last] = [median(samples.slice(0, fifth)), median(samples.slice(-fifth))];
  const figure = {
    name: `memory over ${name}`,
    value: `${first.toFixed(0)} MB, then ${last.toFixed(0)} MB, at most ${Math.max(...samples).toFixed(0)} MB`,
    goal: `<= ${mostMb} MB more`,
    met: last - first <= mostMb,
  };
  return { result, figure };
}
