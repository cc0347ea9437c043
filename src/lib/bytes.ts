/** Bytes that get their place later: a Buffer, or parts that nobody has joined yet. */
export interface Bytes {
  readonly length: number;
  /** Copies all of them to `at` in `target`, which has room for them; returns `length`. */
  copy(target: Buffer, at: number): number;
}

/** Bytes one behind the other, joined only when they are copied: joining them first would copy them twice. */
export function chainBytes(parts: readonly Buffer[]): Bytes {
  return {
    length: parts.reduce((sum, part) => sum + part.length, 0),
    copy: (target, at) =>
      parts.reduce((copied, part) => copied + part.copy(target, at + copied), 0),
  };
}
