/**
 * A copy in memory of a small table (keys, sites, link exceptions) that hot paths read without
 * touching the database.
 */
export interface Snapshot<T> {
  /** The newest copy known; until the first load what was restored, else the initial value. */
  current(): T;
  /** Takes what this node kept on its disk, for a database that is away at the start. */
  restore(): Promise<void>;
  /** Loads it again now. After a change of one's own: call it before answering. */
  refresh(): Promise<void>;
  /** Loads it, then refreshes twice a second until stopped, keeping the old copy while the database is away. */
  start(): Promise<void>;
  stop(): void;
}

/** Where a node keeps a copy between two runs. */
export interface Keeper<T> {
  /** Undefined where nothing was kept. */
  restore(): Promise<T | undefined>;
  /** Told of each copy that is another than the one before. */
  keep(value: T): void;
}

/** Other nodes' changes are seen within a second: half of it is for a slow answer. */
const REFRESH_MS = 500;

/**
 * @param load    reads the whole table; cheap when nothing changed is the loader's own affair
 * @param onError told of each failed load that nobody waits for; the old copy stays in use
 * @param keeper  none for what a start without the database can do without
 */
export function createSnapshot<T>(
  initial: T,
  load: () => Promise<T>,
  onError: (error: unknown) => void,
  keeper?: Keeper<T>,
): Snapshot<T> {
  let value = initial;
  let timer: NodeJS.Timeout | undefined;
  let loads = 0;
  let newest = 0;
  let isStopped = false;
  /** A load that a stop overtook fails because the database is closed: nobody's trouble. */
  const report = (error: unknown): void => {
    if (!isStopped) onError(error);
  };

  async function refresh(): Promise<void> {
    // Two loads can overtake each other: only a later one may replace an earlier one's result.
    loads += 1;
    const mine = loads;
    const loaded = await load();
    if (mine <= newest) return;
    newest = mine;
    if (loaded === value) return;
    value = loaded;
    keeper?.keep(loaded);
  }

  return {
    current: () => value,
    refresh,
    async restore() {
      const kept = await keeper?.restore();
      if (kept !== undefined && newest === 0) value = kept;
    },
    async start() {
      isStopped = false;
      await refresh().catch(report);
      if (isStopped) return;
      let isLoading = false;
      timer = setInterval(() => {
        // A database that does not answer is not asked again and again.
        if (isLoading) return;
        isLoading = true;
        void refresh()
          .catch(report)
          .finally(() => {
            isLoading = false;
          });
      }, REFRESH_MS);
      timer.unref();
    },
    stop() {
      isStopped = true;
      clearInterval(timer);
    },
  };
}
