import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Why something that arrived was not kept, or not kept in the ordinary way. Every drop has a name. */
type HitOutcome = "durable" | "late" | "memory" | "dropped" | "counted" | "refused";

type HitKind = "click" | "open";

const OUTCOMES: readonly HitOutcome[] = [
  "durable",
  "late",
  "memory",
  "dropped",
  "counted",
  "refused",
];

const HELP = "Seconds from request to answer of a redirect.";
const REDIRECT_SECONDS = "clicktrail_redirect_seconds";
/** Upper bounds, in seconds; the last one takes the rest. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, Number.POSITIVE_INFINITY];

type Reading = number | undefined;

/** The service's own figures, served at /metrics. */
export interface Metrics {
  readonly registry: Registry;
  /** Counts a hit by how it was kept, and its time from request to answer. On the hot path. */
  countHit(kind: HitKind, kept: HitOutcome, seconds: number): void;
  readonly misses: Counter<"kind" | "reason">;
  readonly refusedConnections: Counter<"reason">;
  readonly importTrouble: Counter<"kind">;
  readonly projectionFailures: Counter<"projection">;
  readonly withheld: Counter<"reason">;
  readonly rejectedEvents: Counter<"reason">;
  /** Shows a value that is asked for when the metrics are read; undefined: it is not known now. */
  gauge(name: string, help: string, read: () => Reading | Promise<Reading>): void;
  /** The same for several at once, by the value of a label. */
  gauges(
    name: string,
    help: string,
    label: string,
    read: () => Promise<ReadonlyMap<string, number>>,
  ): void;
}

/** Makes the registry with Node's own figures and ours. Names begin with `clicktrail_`. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    countHit: createHitCounts(registry),
    misses: new Counter({
      name: "clicktrail_link_misses_total",
      help: "Requests for a link that is forged, cut or foreign (404), or whose case a gateway changed.",
      labelNames: ["kind", "reason"],
      registers,
    }),
    refusedConnections: new Counter({
      name: "clicktrail_refused_connections_total",
      help: "Connections closed without an ordinary answer: slow, malformed, or one too many.",
      labelNames: ["reason"],
      registers,
    }),
    importTrouble: new Counter({
      name: "clicktrail_import_trouble_total",
      help: "Failed imports, damaged journal bytes and refused events.",
      labelNames: ["kind"],
      registers,
    }),
    projectionFailures: new Counter({
      name: "clicktrail_projection_failures_total",
      help: "Slices that a projection failed to handle; each is tried again.",
      labelNames: ["projection"],
      registers,
    }),
    withheld: new Counter({
      name: "clicktrail_withheld_total",
      help: "Facts not kept, or kept without naming anybody: erased, no_consent or aggregate.",
      labelNames: ["reason"],
      registers,
    }),
    rejectedEvents: new Counter({
      name: "clicktrail_rejected_events_total",
      help: "Events and bodies that collection refused; each is kept with its reason.",
      labelNames: ["reason"],
      registers,
    }),
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          const value = await read();
          this.reset();
          this.set(value ?? Number.NaN);
        },
      });
    },
    gauges(name, help, label, read) {
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers,
        async collect() {
          const values = await read();
          this.reset();
          for (const [of, value] of values) this.set({ [label]: of }, value);
        },
      });
    },
  };
}

/**
 * Plain numbers, read when somebody asks: the library's counters with labels took 5 us of a 40 us redirect.
 */
function createHitCounts(registry: Registry): Metrics["countHit"] {
  const counts = { click: new Map<HitOutcome, number>(), open: new Map<HitOutcome, number>() };
  const buckets = BUCKETS.map(() => 0);
  let sum = 0;
  const registers = [registry];
  new Counter({
    name: "clicktrail_hits_total",
    help: "Clicks and opens by how they were kept when answered.",
    labelNames: ["kind", "kept"],
    registers,
    collect() {
      this.reset();
      for (const kind of ["click", "open"] as const) {
        for (const kept of OUTCOMES) this.inc({ kind, kept }, counts[kind].get(kept) ?? 0);
      }
    },
  });
  new RedirectHistogram(registers, () => ({ buckets, sum }));
  return (kind, kept, seconds) => {
    counts[kind].set(kept, (counts[kind].get(kept) ?? 0) + 1);
    if (kind !== "click") return;
    sum += seconds;
    const bucket = BUCKETS.findIndex((le) => seconds <= le);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  };
}

/** A histogram of the library's form over plain numbers that somebody else counts. */
class RedirectHistogram extends Histogram {
  readonly #read: () => { readonly buckets: readonly number[]; readonly sum: number };

  constructor(
    registers: Registry[],
    read: () => { readonly buckets: readonly number[]; readonly sum: number },
  ) {
    super({
      name: REDIRECT_SECONDS,
      help: HELP,
      buckets: BUCKETS.slice(0, -1),
      registers,
    });
    this.#read = read;
  }

  /** What the registry draws from; its `get` is made of it too. */
  async getForPromString() {
    const { buckets, sum } = this.#read();
    let below = 0;
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] =
      BUCKETS.map((le, index) => {
        below += buckets[index] ?? 0;
        const label = le === Number.POSITIVE_INFINITY ? "+Inf" : le;
        return { metricName: `${REDIRECT_SECONDS}_bucket`, labels: { le: label }, value: below };
      });
    values.push(
      { metricName: `${REDIRECT_SECONDS}_sum`, labels: {}, value: sum },
      { metricName: `${REDIRECT_SECONDS}_count`, labels: {}, value: below },
    );
    return { name: REDIRECT_SECONDS, help: HELP, type: "histogram", aggregator: "sum", values };
  }
}
