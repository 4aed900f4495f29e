import type { z } from 'zod'

/** Texts that one or the other pattern of a schema asks for. */
const texts = [
  'acme',
  'a'.repeat(20),
  'acme/app',
  '0'.repeat(64),
  '1',
  'https://example.com/list.json',
  'example.com',
  '192.0.2.1',
  '2026-01-01T00:00:00Z',
  'A'.repeat(43),
  `rwl_${'A'.repeat(43)}`,
  'version: 1\negress: audit\n',
]

interface Def {
  type: string
  shape?: Record<string, z.ZodType>
  element?: z.ZodType
  innerType?: z.ZodType
  options?: z.ZodType[]
  in?: z.ZodType
  entries?: Record<string, string | number>
  values?: unknown[]
  items?: z.ZodType[]
  valueType?: z.ZodType
  checks?: z.core.$ZodCheck[]
}

/** Something that a schema takes. Throws where it finds nothing: then the route's test says what to send. */
export function sampleOf(schema: z.ZodType): unknown {
  const value = guess(schema)
  const read = schema.safeParse(value)
  if (!read.success) throw new Error(`found no sample: ${read.error.message}`)
  return value
}

function guess(schema: z.ZodType): unknown {
  const def = schema.def as unknown as Def
  switch (def.type) {
    case 'object':
      return guessObject(schema, def.shape ?? {})
    case 'array': {
      const one = def.element === undefined ? [] : [guess(def.element)]
      return [[], one].find((value) => schema.safeParse(value).success)
    }
    case 'string':
      return texts.find((text) => schema.safeParse(text).success)
    case 'int':
    case 'number':
      return [1, 0, 100, 1.5, '1'].find((value) => schema.safeParse(value).success)
    case 'boolean':
      return true
    case 'enum':
      return Object.values(def.entries ?? {})[0]
    case 'literal':
      return def.values?.[0]
    case 'null':
    case 'nullable':
      return null
    case 'record':
      return {}
    case 'union':
      return def.options?.map(guess).find((value) => schema.safeParse(value).success)
    case 'optional':
    case 'default':
    case 'prefault':
    case 'readonly':
      return def.innerType && guess(def.innerType)
    case 'pipe':
      return def.in && guess(def.in)
    default:
      return null
  }
}

/** With what it needs; where that is not enough (at least one of these), with more of what it may have. */
function guessObject(schema: z.ZodType, shape: Record<string, z.ZodType>): unknown {
  const value: Record<string, unknown> = {}
  const parts = Object.entries(shape)
  for (const [name, part] of parts)
    if (!part.safeParse(undefined).success) value[name] = guess(part)
  for (const [name, part] of parts) {
    if (schema.safeParse(value).success) break
    if (!(name in value)) value[name] = guess(part)
  }
  return value
}

/** What nobody who means well sends. */
const nonsense: readonly unknown[] = [
  null,
  '',
  'x'.repeat(100_000),
  '\u0000\u202e',
  "'; DROP TABLE jobs; --",
  '../../../etc/passwd',
  -1,
  1e308,
  0.1,
  true,
  [],
  {},
  [[[[[]]]]],
  { __proto__: null, constructor: { prototype: 1 } },
  Array.from({ length: 5000 }, (_, i) => i),
]

/** Values like one that a schema takes, each with one part replaced by nonsense, or taken away, or more of it. */
export function* spoiled(value: unknown): Generator<unknown> {
  yield* nonsense
  if (Array.isArray(value)) {
    for (const [i, one] of value.entries())
      for (const bad of spoiled(one)) yield value.toSpliced(i, 1, bad)
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) {
      const { [name as never]: _, ...rest } = value
      yield rest
      for (const bad of spoiled(one)) yield { ...value, [name]: bad }
    }
    yield { ...value, 'one-more': 1 }
  }
}

/** Paths of lists that may be as long, and of records that may have as many entries, as whoever sends them likes. */
export function* unbounded(schema: z.ZodType, path = ''): Generator<string> {
  const def = schema.def as unknown as Def
  const checks = def.checks?.map((one) => one._zod.def.check) ?? []
  const isBounded = checks.includes(def.type === 'array' ? 'max_length' : 'custom')
  if (['array', 'record'].includes(def.type) && !isBounded) yield path
  for (const [name, part] of Object.entries(def.shape ?? {}))
    yield* unbounded(part, `${path}.${name}`)
  const parts = [def.element, def.valueType, def.innerType, def.in, ...(def.options ?? [])]
  for (const part of [...parts, ...(def.items ?? [])])
    if (part !== undefined) yield* unbounded(part, path)
}
