import { z } from 'zod'

type Test = (value: unknown) => boolean

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * What says whether a value is what a schema says: as the schema would, but ten times as fast, nothing is copied, and it stops at
 * the first thing that is wrong. A schema lists all that is wrong, which may be some hundred thousand things in one line of a job.
 * @throws Error for what no schema of events has
 */
export function testOf(schema: z.core.$ZodType): Test {
  if (schema instanceof z.ZodObject) return ofObject(schema)
  if (schema instanceof z.ZodDiscriminatedUnion) return ofKinds(schema)
  if (schema instanceof z.ZodOptional) {
    const test = testOf(schema.unwrap())
    return (value) => value === undefined || test(value)
  }
  if (schema instanceof z.ZodNullable) {
    const test = testOf(schema.unwrap())
    return (value) => value === null || test(value)
  }
  if (schema instanceof z.ZodArray) {
    const test = testOf(schema.element)
    return (value) => Array.isArray(value) && value.every(test)
  }
  if (schema instanceof z.ZodRecord) {
    const test = testOf(schema.valueType)
    return (value) => isRecord(value) && Object.values(value).every(test)
  }
  if (schema instanceof z.ZodString) {
    const { minLength, maxLength } = schema
    if (minLength === null && maxLength === null) return (value) => typeof value === 'string'
    const [least, most] = [minLength ?? 0, maxLength ?? Infinity]
    return (value) => typeof value === 'string' && value.length >= least && value.length <= most
  }
  if (schema instanceof z.ZodNumber) return ofNumber(schema)
  if (schema instanceof z.ZodBoolean) return (value) => typeof value === 'boolean'
  if (schema instanceof z.ZodEnum) return ofWords(schema.options)
  if (schema instanceof z.ZodLiteral) return ofWords(schema.values)
  throw new Error(`there is no test of ${schema._zod.def.type}`)
}

function ofWords(words: Iterable<unknown>): Test {
  const all = new Set(words)
  return (value) => all.has(value)
}

function ofNumber({ minValue, maxValue, isInt }: z.ZodNumber): Test {
  const [least, most] = [minValue ?? -Infinity, maxValue ?? Infinity]
  const isNumber = (isInt ? Number.isSafeInteger : Number.isFinite) as Test
  return (value) => isNumber(value) && (value as number) >= least && (value as number) <= most
}

function ofObject({ shape }: z.ZodObject): Test {
  const fields = Object.entries(shape).map(([name, field]) => ({ name, test: testOf(field) }))
  return (value) => {
    if (!isRecord(value)) return false
    for (const { name, test } of fields) if (!test(value[name])) return false
    return true
  }
}

/** Objects that say in a field which of several they are. */
function ofKinds({ options, def }: z.ZodDiscriminatedUnion): Test {
  const tests = new Map<unknown, Test>()
  for (const option of options) {
    const { [def.discriminator]: kind } = (option as z.ZodObject).shape
    if (!(kind instanceof z.ZodLiteral)) throw new Error('there is no test of such a union')
    for (const value of kind.values) tests.set(value, testOf(option))
  }
  return (value) => isRecord(value) && tests.get(value[def.discriminator])?.(value) === true
}
