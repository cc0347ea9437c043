/** The part of Express's routing table that is read here. */
interface Layer {
  match(path: string): boolean;
  route?: { methods: Record<string, boolean> };
  handle: unknown;
}

/**
 * The methods that some route answers at a path, `GET` with its `HEAD`; empty when none does.
 *
 * Reads the routers' own tables, so no route is named twice. Routers are mounted at the root.
 *
 * @param app the Express application
 */
export function allowedMethods(app: unknown, path: string): string[] {
  const methods = new Set<string>();
  collect(stackOf(app), path, methods);
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods].sort();
}

function collect(layers: readonly Layer[], path: string, methods: Set<string>): void {
  for (const layer of layers) {
    if (!matches(layer, path)) continue;
    if (layer.route) for (const method of methodsOf(layer.route)) methods.add(method);
    else collect(stackOf(layer.handle), path, methods);
  }
}

function methodsOf(route: { methods: Record<string, boolean> }): string[] {
  const methods = Object.keys(route.methods).filter((method) => method !== "_all");
  return methods.map((method) => method.toUpperCase());
}

/** A malformed percent-encoding in a parameter makes `match` throw; then the path is nobody's. */
function matches(layer: Layer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}

function stackOf(router: unknown): readonly Layer[] {
  if (typeof router !== "function") return [];
  if ("stack" in router && Array.isArray(router.stack)) return router.stack;
  return "router" in router ? stackOf(router.router) : [];
}
