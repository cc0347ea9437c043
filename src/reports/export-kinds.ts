/** What can be exported. */
export const EXPORTS = ["events", "contacts", "clicks"] as const;
export type ExportKind = (typeof EXPORTS)[number];

/** How an export is written. */
export const FORMATS = ["ndjson", "csv"] as const;
export type ExportFormat = (typeof FORMATS)[number];
