import type { DocumentReader, Entry } from '@runwarden/policy/document'
import { isMap, isScalar, isSeq } from 'yaml'
import { fieldOf } from './environment.ts'
import { seenKinds } from './fields.ts'
import type { RuleTest, TestEvent, TestProcess } from './rule.ts'

const processKeys = [
  'parent',
  'exe',
  'argv',
  'cwd',
  'uid',
  'role',
  'inside',
  'preexisting',
  'step',
  'feeders',
  'input',
  'output',
  'peer',
] as const
const roles = ['worker', 'agent', 'other'] as const

/** One entry of a rule's `tests`; null with problems noted. */
export function readTest(reader: DocumentReader, node: unknown): RuleTest | null {
  if (!isMap(node)) {
    reader.problem(node, 'a test is a mapping with "name:", "events:" and "finds:"')
    return null
  }
  const entries = new Map(
    reader.entries(node, ['name', 'processes', 'events', 'finds']).map((one) => [one.key, one]),
  )
  const name = entries.get('name')
  const events = entries.get('events')
  const finds = entries.get('finds')?.value
  if (name === undefined || events === undefined || !isScalar(finds)) {
    reader.problem(node, 'a test needs name, events and finds')
    return null
  }
  if (typeof finds.value !== 'number')
    reader.problem(finds, 'finds is the number of findings of this rule, 0 for none')
  const processes = readProcesses(reader, entries.get('processes'))
  const names = new Set(processes.map((one) => one.name))
  return {
    name: reader.text(name.value) ?? '',
    processes,
    events: (reader.items(events, 'of events') ?? []).flatMap(
      (one) => readEvent(reader, one, names) ?? [],
    ),
    finds: Number(finds.value),
    where: reader.whereOf(node),
  }
}

function readProcesses(reader: DocumentReader, entry: Entry | undefined): TestProcess[] {
  if (entry === undefined || !isMap(entry.value)) return []
  const names = entry.value.items.map(({ key }) => reader.textOf(key))
  return reader.entries(entry.value, names).map(({ key, value }) => {
    const said = new Map(reader.entries(value, processKeys).map((one) => [one.key, one]))
    const role = said.get('role')
    const text = (of: string): string | undefined => {
      const one = said.get(of)
      return one === undefined ? undefined : reader.textOf(one.value)
    }
    return {
      name: key,
      parent: text('parent') ?? null,
      exe: text('exe') ?? '',
      argv: textsOf(reader, said.get('argv')?.value),
      cwd: text('cwd') ?? '/',
      uid: Number(text('uid') ?? 1000),
      role: (role === undefined ? null : reader.choice(role, roles)) ?? 'other',
      inside: text('inside') !== 'false',
      preexisting: text('preexisting') === 'true',
      step: text('step') ?? null,
      feeders: textsOf(reader, said.get('feeders')?.value),
      input: text('input'),
      output: text('output'),
      peer: text('peer'),
    }
  })
}

function textsOf(reader: DocumentReader, node: unknown): string[] {
  return isSeq(node) ? node.items.map((item) => reader.textOf(item)) : []
}

function readEvent(
  reader: DocumentReader,
  node: unknown,
  processes: ReadonlySet<string>,
): TestEvent | null {
  if (!isMap(node)) {
    reader.problem(node, 'an event is a mapping with "kind:"')
    return null
  }
  const fields: Record<string, unknown> = {}
  const said = new Map(node.items.map(({ key, value }) => [reader.textOf(key), value]))
  const kindText = reader.textOf(said.get('kind'))
  const kind = seenKinds.find((one) => one === kindText)
  if (kind === undefined) {
    reader.problem(said.get('kind') ?? node, `is no kind of events: ${seenKinds.join(', ')} are`)
    return null
  }
  const named = (key: string): string | null => {
    const value = said.get(key)
    if (value === undefined) return null
    const name = reader.textOf(value)
    if (!processes.has(name)) reader.problem(value, 'is none of the processes of this test')
    return name
  }
  for (const [key, value] of said) {
    if (['kind', 'by', 'target', 'at'].includes(key)) continue
    const type = key === 'stdio' ? 'list<string>' : fieldOf(kind, key)?.type
    if (type === undefined) reader.problem(value, `${kind} has no field '${key}'`)
    else if (type === 'list<string>') fields[key] = textsOf(reader, value)
    else if (isScalar(value)) fields[key] = value.value
  }
  const at = said.get('at')
  return {
    kind,
    by: named('by'),
    target: named('target'),
    at: at === undefined ? 0 : Number(reader.textOf(at)),
    fields,
  }
}
