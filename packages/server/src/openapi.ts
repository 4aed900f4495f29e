import type { FastifySchema, RouteOptions } from 'fastify'
import { z } from 'zod'

/** Of the API: its first part goes up with a change that breaks clients, and so does the `v1` of the routes. */
export const apiVersion = '1.0.0'

const isZod = (value: unknown): value is z.ZodType => value instanceof z.ZodType

const jsonSchema = (type: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => {
  const { $schema: _, ...schema } = z.toJSONSchema(type, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
  })
  return schema
}

/** The description of all routes that have schemas, OpenAPI 3.1; zod's JSON Schema is its dialect. */
export class OpenApi {
  readonly #paths: Record<string, Record<string, unknown>> = {}

  add({ method, url, schema, config }: RouteOptions): void {
    if (schema === undefined || schema.hide === true) return
    const path = url.replaceAll(/:(\w+)/g, '{$1}')
    for (const one of [method].flat().map((name) => name.toLowerCase())) {
      if (one === 'head' || one === 'options') continue
      ;(this.#paths[path] ??= {})[one] = {
        operationId: `${one}${path.replaceAll(/\W+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
        ...(schema.summary === undefined ? {} : { summary: schema.summary }),
        'x-right': config?.right,
        ...(config?.right === 'public' ? { security: [] } : {}),
        parameters: [
          ...parametersOf(schema.params, 'path'),
          ...parametersOf(schema.querystring, 'query'),
        ],
        ...(isZod(schema.body)
          ? {
              requestBody: {
                required: true,
                content: { 'application/json': { schema: jsonSchema(schema.body, 'input') } },
              },
            }
          : {}),
        responses: responsesOf(schema),
      }
    }
  }

  document(serverUrl: string): object {
    return {
      openapi: '3.1.0',
      info: {
        title: 'Runwarden control plane',
        version: apiVersion,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: serverUrl }],
      security: [{ bearer: [] }, { session: [] }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'an API key, a job’s token, or GitHub’s OIDC token of a job',
          },
          session: { type: 'apiKey', in: 'cookie', name: 'runwarden-session' },
        },
        schemas: { Error: jsonSchema(ErrorBody, 'output') },
      },
      paths: Object.fromEntries(
        Object.entries(this.#paths).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ),
    }
  }
}

/** What every answer that is no success holds. */
export const ErrorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    where: z.array(
      z.object({
        in: z.enum(['body', 'query', 'path', 'headers']),
        at: z.string(),
        problem: z.string(),
        line: z.int().optional(),
        column: z.int().optional(),
        text: z.string().optional(),
        nearest: z.string().nullable().optional(),
      }),
    ),
  }),
})

function parametersOf(type: unknown, place: 'path' | 'query'): object[] {
  if (!isZod(type)) return []
  const { properties = {}, required = [] } = jsonSchema(type, 'input') as {
    properties?: Record<string, object>
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema,
  }))
}

function responsesOf({ response }: FastifySchema): object {
  const error = {
    description: 'error',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  }
  const all: Record<string, object> = {}
  for (const [status, type] of Object.entries((response ?? {}) as Record<string, unknown>)) {
    all[status] = isZod(type)
      ? {
          description: 'success',
          content: { 'application/json': { schema: jsonSchema(type, 'output') } },
        }
      : { description: 'success' }
  }
  return { ...all, default: error }
}
