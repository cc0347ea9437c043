/** Traits with the moment each was told, as two JSON objects of the same keys. */
export interface TimedTraits {
  readonly traits: string;
  readonly trait_times: string;
}

/**
 * Joins traits told at different moments: of each key the latest value stays, whatever came first.
 * Of two values of the same moment the one with the greater JSON stays, so that no order shows.
 */
export function mergeTraits(all: readonly TimedTraits[]): TimedTraits {
  const merged = new Map<string, { at: number; json: string }>();
  for (const { traits, trait_times } of all) {
    const times: Record<string, number> = JSON.parse(trait_times);
    for (const [key, value] of Object.entries<unknown>(JSON.parse(traits))) {
      const told = { at: times[key] ?? 0, json: JSON.stringify(value) };
      const known = merged.get(key);
      if (!known || told.at > known.at || (told.at === known.at && told.json > known.json)) {
        merged.set(key, told);
      }
    }
  }
  const keys = [...merged.keys()].toSorted();
  const objectOf = (spell: (told: { at: number; json: string }) => string): string =>
    `{${keys.map((key) => `${JSON.stringify(key)}:${spell(merged.get(key) ?? NEVER)}`).join(",")}}`;
  return { traits: objectOf(({ json }) => json), trait_times: objectOf(({ at }) => String(at)) };
}

const NEVER = { at: 0, json: "null" };

/** Traits as one event tells them. */
export function tellTraits(traits: Readonly<Record<string, unknown>>, at: number): TimedTraits {
  const told = Object.entries(traits).filter(([, value]) => value !== undefined);
  return {
    traits: JSON.stringify(Object.fromEntries(told)),
    trait_times: JSON.stringify(Object.fromEntries(told.map(([key]) => [key, at]))),
  };
}
