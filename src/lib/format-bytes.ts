/** Bytes as a person reads them: `6.1 MB`, `32 kB`; decimal units. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${trimZero(bytes / 1e9)} GB`;
  if (bytes >= 1e6) return `${trimZero(bytes / 1e6)} MB`;
  if (bytes >= 1e3) return `${trimZero(bytes / 1e3)} kB`;
  return `${bytes} bytes`;
}

function trimZero(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
