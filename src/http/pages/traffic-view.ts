import { rawCount, type TrafficReport } from "../../reports/traffic.ts";

/** One part of a day's bar, in units of the drawing. */
interface BarPart {
  readonly kind: "human" | "machine" | "prefetch";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Bars by day, to be drawn as SVG; the same numbers stand in a table beside it. */
export interface DayChart {
  readonly width: number;
  readonly height: number;
  readonly parts: readonly BarPart[];
  readonly from: string;
  readonly to: string;
  /** The tallest bar's number. */
  readonly most: number;
}

const WIDTH = 720;
const HEIGHT = 160;
const GAP = 0.2;

/** Stacks people, machines and prefetches of each day. */
export function drawDays(days: TrafficReport["days"]): DayChart {
  const most = Math.max(1, ...days.map(rawCount));
  const step = WIDTH / Math.max(1, days.length);
  const parts = days.flatMap((day, index) => {
    let bottom = HEIGHT;
    return (["human", "machine", "prefetch"] as const).flatMap((kind): BarPart[] => {
      const height = round((HEIGHT * day[kind]) / most);
      if (day[kind] === 0) return [];
      bottom -= height;
      return [
        { kind, x: round(index * step), y: round(bottom), width: round(step * (1 - GAP)), height },
      ];
    });
  });
  const [first, last] = [days[0]?.day ?? "", days.at(-1)?.day ?? ""];
  return { width: WIDTH, height: HEIGHT, parts, from: first, to: last, most };
}

/** `13 %`, `under 1 %`; of nothing `–`. */
export function shareOf(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (100 * part) / whole;
  return percent > 0 && percent < 1 ? "under 1 %" : `${Math.round(percent)} %`;
}

const NETWORKS: Readonly<Record<string, string>> = {
  "": "Not known",
  hosting: "Data centre",
  scanner_certain: "Mail scanner",
  scanner_probable: "Security vendor",
};

/** A class of networks in words; an operator's own class is shown as it is written. */
export function nameNetwork(network: string): string {
  return Object.hasOwn(NETWORKS, network)
    ? (NETWORKS[network] ?? network)
    : network.replaceAll("_", " ");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
