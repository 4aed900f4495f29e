import type { FastifySchema, RouteOptions } from 'fastify'
import { z } from 'zod'

/** Of the API: its first part goes up with a change that breaks clients, and so does the `v1` of the routes. */
export const apiVersion = '1.0.0'

const isZod = (value: unknown): value is z.ZodType => value instanceof z.ZodType

type JsonSchema = Record<string, unknown>

/** The schemas that have a name (`.meta({ id })`), by it: each is described once, and is a type of that name in clients. */
class Components {
  readonly #schemas = new Map<string, JsonSchema>()

  /** @param io one that is not the same in requests and in answers has its `Input` in requests */
  describe(type: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const schema = z.toJSONSchema(type, {
      io,
      target: 'draft-2020-12',
      unrepresentable: 'any',
    }) as JsonSchema
    const named = (schema['$defs'] ?? {}) as Record<string, JsonSchema>
    const differs = (name: string): boolean => {
      if (io === 'output') return false
      const output = z.toJSONSchema(type, { io: 'output', unrepresentable: 'any' }) as JsonSchema
      const other = ((output['$defs'] ?? {}) as Record<string, JsonSchema>)[name]
      return JSON.stringify(asAnswer(named[name])) !== JSON.stringify(asAnswer(other))
    }
    const called = new Map(
      Object.keys(named).map((name) => [name, differs(name) ? `${name}Input` : name]),
    )
    for (const [name, one] of Object.entries(named))
      this.#schemas.set(called.get(name) ?? name, referring(one, called))
    const { $schema: _, $defs: __, ...rest } = referring(schema, called)
    return rest
  }

  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** Without what zod says of every answer's objects: they have nothing else. */
const asAnswer = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value ?? null, (key, one: unknown) =>
      key === 'additionalProperties' && one === false ? undefined : one,
    ),
  )

/** A schema whose references go to the components of the document. */
function referring(schema: JsonSchema, called: ReadonlyMap<string, string>): JsonSchema {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) => {
    if (key !== '$ref' || typeof value !== 'string') return value
    const name = value.replace('#/$defs/', '')
    return `#/components/schemas/${called.get(name) ?? name}`
  }) as JsonSchema
}

/** The description of all routes that have schemas, OpenAPI 3.1; zod's JSON Schema is its dialect. */
export class OpenApi {
  readonly #paths: Record<string, Record<string, unknown>> = {}
  readonly #components = new Components()
  /** Not described yet: that takes half of a server's start, and most are never asked for it. */
  readonly #routes: RouteOptions[] = []

  add(route: RouteOptions): void {
    this.#routes.push(route)
  }

  #describe({ method, url, schema, config }: RouteOptions): void {
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
          ...parametersOf(schema.params, 'path', this.#components),
          ...parametersOf(schema.querystring, 'query', this.#components),
          ...parametersOf(schema.headers, 'header', this.#components),
        ],
        ...this.#requestOf(schema),
        responses: responsesOf(schema, this.#components),
      }
    }
  }

  #requestOf({ reads, body = reads, consumes, example }: FastifySchema): object {
    if (consumes === undefined && !isZod(body)) return {}
    const content =
      consumes === undefined
        ? {
            'application/json': {
              schema: this.#components.describe(body as z.ZodType, 'input'),
              ...(example === undefined ? {} : { example }),
            },
          }
        : { [consumes]: { schema: { type: 'string', format: 'binary' } } }
    return { requestBody: { required: true, content } }
  }

  document(serverUrl: string): object {
    const error = this.#components.describe(ErrorBody, 'output')
    for (const route of this.#routes.splice(0)) this.#describe(route)
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
        schemas: { ...this.#components.all(), Error: error },
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
z.globalRegistry.add(ErrorBody, { id: 'ErrorBody' })

function parametersOf(
  type: unknown,
  place: 'path' | 'query' | 'header',
  components: Components,
): object[] {
  if (!isZod(type)) return []
  const { properties = {}, required = [] } = components.describe(type, 'input') as {
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

const error = (description: string): object => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorBody' } } },
})

function responsesOf(
  { response, produces, fails = {} }: FastifySchema,
  components: Components,
): object {
  const all: Record<string, object> = {}
  for (const [status, type] of Object.entries((response ?? {}) as Record<string, unknown>)) {
    all[status] =
      isZod(type) && !(type instanceof z.ZodNull)
        ? {
            description: 'success',
            content: { 'application/json': { schema: components.describe(type, 'output') } },
          }
        : { description: 'success' }
  }
  if (produces !== undefined)
    all['200'] = {
      description: 'success',
      content: { [produces]: { schema: { type: 'string' } } },
    }
  for (const [status, when] of Object.entries(fails)) all[status] = error(when)
  return { ...all, default: error('error') }
}
