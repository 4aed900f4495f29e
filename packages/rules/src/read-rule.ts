import type { DocumentReader, Entry } from '@runwarden/policy/document'
import { isMap } from 'yaml'
import { type Parts, readExpression, readTemplate } from './read-expression.ts'
import { readTest } from './read-test.ts'
import { type Memory, type Rule, type SeenKind, severities, type Subject } from './rule.ts'
import { seenKinds } from './fields.ts'

const ruleKeys = [
  'rule',
  'id',
  'severity',
  'on',
  'when',
  'about',
  'title',
  'explanation',
  'advice',
  'false-alarms',
  'tests',
]
const memoryKeys = ['as', 'of', 'for', 'on', 'when', 'value']
const subjects: readonly Subject[] = ['process', 'family', 'step', 'job']
/** Ids and names are shown, counted and matched with. */
const nameForm = /^[a-z0-9][a-z0-9-]{0,63}$/

/** The entries of a mapping by key, with a problem for each key that must be there and is not. */
function entriesOf(
  reader: DocumentReader,
  node: unknown,
  known: readonly string[],
  needed: readonly string[],
  what: string,
): Map<string, Entry> | null {
  if (!isMap(node)) {
    reader.problem(node, `${what} is a mapping with ${needed.map((key) => `"${key}:"`).join(', ')}`)
    return null
  }
  const entries = new Map(reader.entries(node, known).map((entry) => [entry.key, entry]))
  const missing = needed.filter((key) => !entries.has(key))
  if (missing.length > 0) reader.problem(node, `${what} needs ${missing.join(', ')}`)
  return missing.length > 0 ? null : entries
}

function readName(reader: DocumentReader, entry: Entry | undefined): string | null {
  const text = entry === undefined ? null : reader.text(entry.value)
  if (text === null || nameForm.test(text)) return text
  reader.problem(entry?.value, 'a name has small letters, digits and - only, at most 64')
  return null
}

function readKinds(reader: DocumentReader, entry: Entry | undefined): SeenKind[] {
  if (entry === undefined) return []
  return reader.texts(entry, 'of kinds of events').flatMap(({ text, node }) => {
    const kind = seenKinds.find((one) => one === text)
    if (kind !== undefined) return kind
    reader.problem(node, `is no kind of events: ${seenKinds.join(', ')} are`)
    return []
  })
}

/** One entry of `rules`; null with problems noted. */
export function readRule(parts: Parts, node: unknown): Rule | null {
  const { reader } = parts
  const needed = ['rule', 'severity', 'on', 'when', 'title', 'explanation', 'advice']
  const entries = entriesOf(reader, node, ruleKeys, needed, 'a rule')
  if (entries === null) return null
  const name = readName(reader, entries.get('rule'))
  const id = entries.has('id') ? readName(reader, entries.get('id')) : name
  const severity = entries.get('severity')
  const grade = severity === undefined ? null : reader.choice(severity, severities)
  const kinds = readKinds(reader, entries.get('on'))
  const tests = entries.get('tests')
  const alarms = entries.get('false-alarms')
  const rule = {
    when: readExpression<boolean>(parts, entries.get('when'), kinds, 'bool'),
    about: readExpression<string>(parts, entries.get('about'), kinds, 'string'),
    title: readTemplate(parts, entries.get('title'), kinds),
    explanation: readTemplate(parts, entries.get('explanation'), kinds),
    advice: readTemplate(parts, entries.get('advice'), kinds),
    falseAlarms: alarms === undefined ? '' : (reader.text(alarms.value) ?? '').trim(),
    tests: (tests === undefined ? [] : (reader.items(tests, 'of tests') ?? [])).flatMap(
      (one) => readTest(reader, one) ?? [],
    ),
    where: reader.whereOf(node),
  }
  if (name === null || id === null || grade === null) return null
  return { ...rule, name, id, severity: grade }
}

/** One entry of `remember`; null with problems noted. */
export function readMemory(parts: Parts, node: unknown): Memory | null {
  const { reader } = parts
  const entries = entriesOf(
    reader,
    node,
    memoryKeys,
    ['as', 'of', 'for', 'on', 'when'],
    'what is remembered',
  )
  if (entries === null) return null
  const name = readName(reader, entries.get('as'))
  const of = entries.get('of')
  const subject = of === undefined ? null : reader.choice(of, subjects)
  const kinds = readKinds(reader, entries.get('on'))
  const value = entries.get('value')
  const memory = {
    forMs: readTime(reader, entries.get('for')),
    when: readExpression<boolean>(parts, entries.get('when'), kinds, 'bool'),
    value: value === undefined ? null : readExpression<string>(parts, value, kinds, 'string'),
    where: reader.whereOf(node),
  }
  if (name === null || subject === null) return null
  return { ...memory, name, of: subject }
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** `30s`, `10m`, `6h`, in milliseconds. */
function readTime(reader: DocumentReader, entry: Entry | undefined): number {
  const text = entry === undefined ? '' : reader.textOf(entry.value)
  const [, count = '', unit = ''] = /^(\d{1,4})([smh])$/.exec(text) ?? []
  if (unit === '') reader.problem(entry?.value, 'a time is a number with s, m or h: 30s, 10m, 6h')
  return Number(count) * (units[unit] ?? 0)
}
