import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject } from "zod-openapi";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { problemSchema } from "./schemas.ts";

/**
 * The OpenAPI 3.1 document of this installation, made from the schemas that the routes check.
 *
 * @see https://spec.openapis.org/oas/v3.1.1
 */
export function createOpenApi(baseUrl: string) {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return createDocument({
    openapi: "3.1.1",
    info: {
      title: "clicktrail",
      version: "1",
      description: "Rewrites mails, records clicks and events, and tells each contact's journey.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: baseUrl }],
    security: [{ bearer: [] }, { basic: [] }],
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "The API key." },
        basic: { type: "http", scheme: "basic", description: "The key as user name." },
      },
    },
    paths,
  });
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const { method, path, summary, tag, scope, query, body, answer, status = 200 } = operation;
  const parameters = path.match(/(?<=\{)\w+(?=\})/g) ?? [];
  return {
    operationId: `${method}${path.replace(/\W+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    tags: [tag],
    ...(scope === undefined
      ? { security: [] }
      : { description: `Needs a key with the scope \`${scope}\`.` }),
    requestParams: {
      ...(parameters.length === 0
        ? {}
        : { path: z.object(Object.fromEntries(parameters.map((name) => [name, z.string()]))) }),
      ...(query === undefined ? {} : { query }),
    },
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: {
      [status]: {
        description: "Done.",
        ...(answer === undefined ? {} : { content: { "application/json": { schema: answer } } }),
      },
      "4XX": {
        description: "Refused.",
        content: { "application/problem+json": { schema: problemSchema } },
      },
    },
  };
}
