/**
 * The layer map of the house, as rules. Every folder may import itself, `lib/` and the storage port;
 * what else it may see stands here. A need from a sibling is a function in `Deps`, passed in by server.ts.
 */
const LAYERS = {
  lib: [],
  log: [],
  traffic: ["log"],
  contacts: ["log"],
  email: ["log"],
  tracking: ["log"],
  collect: ["log"],
  site: ["log"],
  destinations: ["log"],
  reports: ["log"],
  access: ["log"],
  http: [
    "log",
    "traffic",
    "contacts",
    "email",
    "tracking",
    "collect",
    "site",
    "destinations",
    "reports",
    "access",
  ],
};

const PORT = "^src/db/(db|sql)\\.ts$";

const layers = Object.entries(LAYERS).map(([folder, may]) => ({
  name: `layer-${folder}`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: {
    path: "^src/",
    pathNot: [
      PORT,
      ...(folder === "lib" ? [] : ["^src/lib/"]),
      ...[folder, ...may].map((name) => `^src/${name}/`),
    ],
  },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: "lib-knows-no-port",
      severity: "error",
      from: { path: "^src/lib/" },
      to: { path: "^src/db/" },
    },
    {
      name: "drivers-only-at-the-root",
      comment: "Only server.ts, cli and tests choose an engine.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: "^src/(db/|server\\.ts|bring-up\\.ts|storage\\.ts|cli\\.ts|cli/)",
      },
      to: { path: "^src/db/", pathNot: PORT },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "io-at-the-edge",
      comment: "Pure modules decide; stores, routes, the front, the journal and http act.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot:
          "^src/(db/|http/|cli/|cli\\.ts|(server|address-book)\\.ts|(projections|requests)(-thread)?\\.ts|lib/(thread-priority|catalog|clock|config|data-folder|disk(-reserve)?|kept-copy|read-body|log-lines)\\.ts|log/(journal|segment|importer)[^/]*\\.ts|[^/]+/(?:hooks/)?(store|routes|front|deliver|well-known|script-file)[^/]*\\.ts)",
      },
      to: {
        dependencyTypesNot: ["type-only"],
        path: "(^(node:)?(fs|http|https|net|child_process|worker_threads)(/promises)?$|node_modules/(express|better-sqlite3|pg)/)",
      },
    },
    {
      name: "catalog-files-are-leaves",
      severity: "error",
      from: { path: "^src/([^/]+)/(?:hooks/)?catalog/" },
      to: { path: "^src/", pathNot: ["^src/(lib|log)/", "^src/$1/(?:hooks/)?define\\.ts$"] },
    },
    {
      name: "browser-script-stands-alone",
      severity: "error",
      from: { path: "^src/site/script/" },
      to: { pathNot: "^src/site/script/", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "types"],
    },
  },
};
