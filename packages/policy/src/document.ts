import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import type { Document, ParsedNode } from 'yaml'
import { detectionIds } from './detections.ts'
import { readAllow } from './document-allow.ts'
import { DocumentReader } from './document-reader.ts'
import type { Entry } from './document-reader.ts'

export type { DocumentReader, Entry } from './document-reader.ts'
import { nestedTooDeeply, syntaxProblems } from './document-syntax.ts'
import { parseEndpoint } from './endpoint.ts'
import { PolicyError, refuse } from './error.ts'
import type { Egress, FailMode, LockdownEntry, Policy, PolicyRule, Switch } from './policy.ts'
import { plainRule } from './policy.ts'
import { plainDocument } from './plain-document.ts'
import { presetNamed, presets } from './presets.ts'

/** Largest policy document, bytes of UTF-8. */
const longestDocument = 1 << 20

export const policyKeys = [
  'version',
  'egress',
  'fail-mode',
  'allow',
  'presets',
  'disable-sudo',
  'disable-sudo-and-containers',
  'disable-file-monitoring',
  'lockdown',
] as const

/** What the same things are called elsewhere. */
const otherNames = {
  'egress-policy': 'egress',
  mode: 'egress',
  'allowed-endpoints': 'allow',
  endpoints: 'allow',
  allowlist: 'allow',
  'allow-list': 'allow',
  preset: 'presets',
}

/**
 * Reads a policy document (YAML 1.2).
 * @param file name for messages and for the policy line behind a verdict
 * @throws PolicyError with every problem of the document
 */
export function parsePolicy(text: string, file: string): Policy {
  return readDocument(text, file, (reader, root) => new PolicyReader(reader).read(root))
}

/**
 * Reads a YAML document with the care that a policy is read with.
 * @param read takes the tree, and notes problems in the reader
 * @throws PolicyError with every problem
 */
export function readDocument<T>(
  text: string,
  file: string,
  read: (reader: DocumentReader, root: unknown) => T,
): T {
  const lines = new LineCounter()
  const source = text.startsWith('\ufeff') ? text.slice(1) : text
  const top = { file, line: 1, column: 1, text: '', nearest: null }
  const size = Buffer.byteLength(source)
  if (size > longestDocument) {
    throw new PolicyError([
      { ...top, what: `a policy has at most ${longestDocument} bytes, this has ${size}` },
    ])
  }
  const tooDeep = { ...top, what: 'is nested too deeply for a policy' }
  if (nestedTooDeeply(source)) throw new PolicyError([tooDeep])
  const plain = plainDocument(source, lines)
  const document =
    plain === null ? parseYaml(source, lines, tooDeep) : { contents: plain, errors: [] }
  const reader = new DocumentReader(source, file, lines)
  const syntax = syntaxProblems(reader, document.errors)
  reader.problems.push(...syntax.problems)
  // After other syntax errors the tree is guesswork, and what it seems to say would only confuse.
  if (!syntax.usable) refuse(reader.problems)
  const result = read(reader, document.contents)
  const faulty = new Set(syntax.problems.map(({ line }) => line))
  refuse(
    reader.problems.filter(
      (problem) => syntax.problems.includes(problem) || !faulty.has(problem.line),
    ),
  )
  return result
}

function parseYaml(
  source: string,
  lineCounter: LineCounter,
  tooDeep: ConstructorParameters<typeof PolicyError>[0][0],
): Document.Parsed<ParsedNode> {
  try {
    // uniqueKeys compares every pair of keys; the reader finds duplicates itself, in one pass.
    return parseDocument(source, {
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
      version: '1.2',
    })
  } catch (error) {
    if (error instanceof RangeError) throw new PolicyError([tooDeep])
    throw error
  }
}

class PolicyReader {
  readonly #reader: DocumentReader
  #egress: Egress = 'audit'
  #failMode: FailMode = 'closed'
  readonly #rules: PolicyRule[] = []
  readonly #switches = new Map<string, Switch>()
  readonly #lockdown: LockdownEntry[] = []

  constructor(reader: DocumentReader) {
    this.#reader = reader
  }

  read(root: unknown): Policy {
    if (!isMap(root)) {
      const empty = root === null || root === undefined || (isScalar(root) && root.value === null)
      this.#reader.problem(
        root,
        empty
          ? 'the policy is empty: it starts with "version: 1"'
          : 'a policy is a mapping that starts with "version: 1"',
      )
    }
    for (const entry of this.#reader.entries(root, policyKeys, otherNames)) this.#entry(entry)
    return {
      version: 1,
      file: this.#reader.file,
      egress: this.#egress,
      failMode: this.#failMode,
      rules: this.#rules,
      disableSudo: this.#switches.get('disable-sudo') ?? null,
      disableSudoAndContainers: this.#switches.get('disable-sudo-and-containers') ?? null,
      disableFileMonitoring: this.#switches.get('disable-file-monitoring') ?? null,
      lockdown: this.#lockdown,
    }
  }

  #entry(entry: Entry): void {
    const { key, value } = entry
    if (key === 'version') {
      if (!isScalar(value) || value.value !== 1)
        this.#reader.problem(value ?? entry.keyNode, 'only version 1 is known', '1')
    } else if (key === 'egress') {
      this.#egress =
        this.#reader.choice(entry, ['audit', 'block'] as const, {
          deny: 'block',
          enforce: 'block',
          allow: 'audit',
          log: 'audit',
          monitor: 'audit',
        }) ?? this.#egress
    } else if (key === 'fail-mode') {
      this.#failMode = this.#reader.choice(entry, ['closed', 'open'] as const) ?? this.#failMode
    } else if (key === 'allow') {
      for (const item of this.#reader.items(entry, 'of endpoints: put "- " in front of each') ??
        []) {
        const rule = readAllow(this.#reader, item)
        if (rule !== null) this.#rules.push(rule)
      }
    } else if (key === 'presets') this.#presets(entry)
    else if (key === 'lockdown') this.#detections(entry)
    else {
      const on = this.#reader.flag(entry)
      if (on !== null) this.#switches.set(key, { on, where: this.#reader.whereOf(entry.keyNode) })
    }
  }

  #presets(entry: Entry): void {
    const seen = new Set<string>()
    for (const node of this.#reader.items(entry, 'of preset names') ?? []) {
      const name = this.#reader.text(node)
      if (name === null || seen.has(name)) continue
      seen.add(name)
      const preset = presetNamed(name)
      if (preset === undefined) {
        const names = presets.map((one) => one.name)
        this.#reader.problem(
          node,
          `is no preset: ${names.join(', ')} are`,
          this.#reader.nearest(name, names),
        )
        continue
      }
      const where = this.#reader.whereOf(node)
      for (const { endpoint } of preset.endpoints) {
        this.#rules.push(plainRule(parseEndpoint(endpoint, where), name, where))
      }
    }
  }

  #detections(entry: Entry): void {
    for (const node of this.#reader.items(entry, 'of detections') ?? []) {
      const detection = this.#reader.text(node)
      if (detection === null) continue
      if (detectionIds.includes(detection))
        this.#lockdown.push({ detection, where: this.#reader.whereOf(node) })
      else
        this.#reader.problem(
          node,
          "is no detection ('runwarden rules list' shows them)",
          this.#reader.nearest(detection, detectionIds),
        )
    }
  }
}
