import { detectionIds } from '@runwarden/policy'
import type { DocumentReader, Entry } from '@runwarden/policy/document'
import { readDocument } from '@runwarden/policy/document'
import { isMap } from 'yaml'
import { Environments } from './environment.ts'
import { readMemory, readRule } from './read-rule.ts'
import { readSuppression } from './read-suppression.ts'
import type { RuleSet } from './rule.ts'

/** A file's name and what is in it. */
export interface RuleFile {
  readonly file: string
  readonly text: string
}

const keys = ['version', 'lists', 'remember', 'rules', 'suppress'] as const
const otherNames = { suppressions: 'suppress', memories: 'remember', detections: 'rules' }

const nothing: RuleSet = { lists: new Map(), memories: [], rules: [], suppressions: [] }

/**
 * Reads rule files, one after the other: each may use what those before it define.
 * @param base what is in use already
 * @throws PolicyError with every problem of the first file that has one
 */
export function readRules(files: readonly RuleFile[], base: RuleSet = nothing): RuleSet {
  return files.reduce(readFile, base)
}

function readFile(base: RuleSet, { file, text }: RuleFile): RuleSet {
  return readDocument(text, file, (reader, root) => {
    if (!isMap(root)) reader.problem(root, 'a rule file is a mapping that starts with "version: 1"')
    const entries = new Map(
      reader.entries(root, keys, otherNames).map((entry) => [entry.key, entry]),
    )
    const version = entries.get('version')
    if (isMap(root) && (version === undefined || reader.textOf(version.value) !== '1'))
      reader.problem(version?.value ?? root, 'a rule file starts with "version: 1"')
    const lists = new Map(base.lists)
    readLists(reader, entries.get('lists'), lists)
    const environments = new Environments(lists)
    const nodes = items(reader, entries.get('remember'), 'of what is remembered')
    const memories = [...base.memories]
    // A memory may ask for another, so that all names are known first.
    const names = new Set(memories.map(({ name }) => name))
    for (const node of nodes) {
      const name: unknown = isMap(node) ? node.get('as') : undefined
      if (typeof name === 'string') names.add(name)
    }
    const parts = { reader, environments, names }
    for (const node of nodes) {
      const memory = readMemory(parts, node)
      if (memory === null) continue
      const other = memories.find(({ name }) => name === memory.name)
      if (other !== undefined && (other.of !== memory.of || other.forMs !== memory.forMs))
        reader.problem(
          node,
          `'${memory.name}' is remembered of another subject, or for another time, in ${other.where.file}:${other.where.line}`,
        )
      memories.push(memory)
    }
    const rules = [...base.rules]
    for (const node of items(reader, entries.get('rules'), 'of rules')) {
      const rule = readRule(parts, node)
      if (rule === null) continue
      const other = rules.find(({ name }) => name === rule.name)
      if (other === undefined) rules.push(rule)
      else
        reader.problem(
          node,
          `there is a rule '${rule.name}' in ${other.where.file}:${other.where.line}: give it another name`,
          null,
          rule.name,
        )
    }
    const suppressions = [...base.suppressions]
    const ids = [...detectionIds, ...rules.map(({ id }) => id)]
    for (const node of items(reader, entries.get('suppress'), 'of suppressions')) {
      const suppression = readSuppression(reader, node, ids)
      if (suppression !== null) suppressions.push(suppression)
    }
    return { lists, memories, rules, suppressions }
  })
}

function items(reader: DocumentReader, entry: Entry | undefined, what: string): readonly unknown[] {
  return entry === undefined ? [] : (reader.items(entry, what) ?? [])
}

/** Named lists of texts. One that is there already gets longer. */
function readLists(
  reader: DocumentReader,
  entry: Entry | undefined,
  lists: Map<string, readonly string[]>,
): void {
  if (entry === undefined) return
  if (!isMap(entry.value)) {
    reader.problem(entry.keyNode, 'lists is a mapping of names to lists of texts')
    return
  }
  const names = entry.value.items.map(({ key }) => reader.textOf(key))
  for (const list of reader.entries(entry.value, names)) {
    if (!/^[a-z]\w*$/i.test(list.key) || reserved.has(list.key)) {
      reader.problem(list.keyNode, 'a list has a name of letters, digits and _')
      continue
    }
    const more = reader.texts(list, 'of texts').map(({ text }) => text)
    lists.set(list.key, [...(lists.get(list.key) ?? []), ...more])
  }
}

const reserved = new Set(['event', 'process', 'target', 'memory', 'true', 'false', 'null', 'in'])
