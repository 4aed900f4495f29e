import { resolve } from 'node:path'
import { cgroupPath, scopeName } from '@runwarden/agent'
import type { DocumentReader, Entry } from '@runwarden/policy/document'
import { readNamedFile } from './run-files.ts'
import { UsageError, type Parsed } from './options.ts'
import type { agentOptions } from './agent-options.ts'

/** What a scope's policy does not hold for. */
export interface ExemptConfig {
  cgroups: string[]
  programs: string[]
  presets: string[]
}

export interface ScopeConfig {
  /** `host`, or a cgroup. */
  cgroup: string
  /** No other scope's. */
  name: string
  /** It may come later. */
  wait: boolean
  /** What becomes of its policy when a job says that the machine is its own. */
  jobs: 'keep' | 'may-replace'
  policy: string | null
  blockList: string | null
  workspace: string | null
  exempt: ExemptConfig
  /** Interfaces that lead outwards beside those that are found to. */
  uplinks: string[]
  /** Rule files. */
  rules: string[]
}

export interface AgentConfig {
  /** Null: it was given by options. */
  file: string | null
  scopes: ScopeConfig[]
  out: string
  state: string | undefined
  /** Where jobs ask for their policies; undefined: nowhere. */
  socket: string | undefined
  onStop: 'end' | 'keep'
}

const defaultOut = '/var/lib/runwarden'

/**
 * The agent's configuration: a file of its own, or one scope by options.
 * @throws PolicyError with file, line and column; UsageError; AgentError for a file that can't be read
 */
export async function readAgentConfig(options: Parsed<typeof agentOptions>): Promise<AgentConfig> {
  const given = {
    ...(options.out === undefined ? {} : { out: options.out }),
    ...(options.state === undefined ? {} : { state: options.state }),
    ...(options.socket === undefined ? {} : { socket: options.socket }),
    ...(options['on-stop'] === undefined ? {} : { onStop: options['on-stop'] as 'end' | 'keep' }),
  }
  if (options.config !== undefined) {
    if (options.scope !== undefined)
      throw new UsageError('agent takes --config or --scope, not both')
    const { readDocument } = await import('@runwarden/policy/document')
    const text = readNamedFile(options.config, 'configuration')
    return { ...readDocument(text, options.config, readConfig), file: options.config, ...given }
  }
  const none = { file: null, scopes: [], out: defaultOut, state: undefined, onStop: 'end' } as const
  if (options.scope === undefined && options.socket !== undefined)
    return { ...none, scopes: [], socket: options.socket, ...given }
  if (options.scope === undefined)
    throw new UsageError('agent needs --config FILE, or --scope host|CGROUP with --policy FILE')
  const scope: ScopeConfig = {
    cgroup: options.scope,
    name: scopeName(cgroupPath(options.scope)),
    wait: false,
    jobs: 'keep',
    policy: options.policy ?? null,
    blockList: options['block-list'] ?? null,
    workspace: null,
    exempt: {
      cgroups: options['exempt-cgroup'],
      programs: options['exempt-exe'],
      presets: options['exempt-preset'],
    },
    uplinks: [],
    rules: options.rules,
  }
  return { ...none, scopes: [scope], socket: undefined, ...given }
}

function readConfig(reader: DocumentReader, root: unknown): Omit<AgentConfig, 'file'> {
  const config: Omit<AgentConfig, 'file'> = {
    scopes: [],
    out: defaultOut,
    state: undefined,
    socket: undefined,
    onStop: 'end',
  }
  for (const entry of reader.entries(root, ['scopes', 'out', 'state', 'socket', 'on-stop'])) {
    const { key, value } = entry
    if (key === 'scopes') config.scopes = readScopes(reader, entry)
    else if (key === 'out') config.out = reader.text(value) ?? defaultOut
    else if (key === 'state') config.state = reader.text(value) ?? undefined
    else if (key === 'socket') config.socket = reader.text(value) ?? undefined
    else config.onStop = reader.choice(entry, ['end', 'keep']) ?? 'end'
  }
  if (config.scopes.length === 0 && config.socket === undefined && reader.problems.length === 0)
    reader.problem(root, 'names no scope: it needs "scopes:", a list of "- cgroup: …"')
  return config
}

/** Each has a cgroup and a name of its own: of two of one name a service would know one alone. */
function readScopes(reader: DocumentReader, entry: Entry): ScopeConfig[] {
  const scopes: ScopeConfig[] = []
  for (const node of reader.items(entry, 'of scopes') ?? []) {
    const scope = readScope(reader, node)
    const path = pathOf(scope)
    if (scope.cgroup !== '' && scopes.some((one) => pathOf(one) === path))
      reader.problem(node, `its cgroup ${path} is another scope's, too`)
    else if (scopes.some(({ name }) => name !== '' && name === scope.name))
      reader.problem(
        node,
        `its name '${scope.name}' is another scope's, too: give each a "name:" of its own`,
      )
    scopes.push(scope)
  }
  return scopes
}

const pathOf = ({ cgroup }: ScopeConfig): string =>
  cgroup === '' ? '' : resolve(cgroupPath(cgroup))

function readScope(reader: DocumentReader, node: unknown): ScopeConfig {
  const scope: ScopeConfig = {
    cgroup: '',
    name: '',
    wait: false,
    jobs: 'keep',
    policy: null,
    blockList: null,
    workspace: null,
    exempt: { cgroups: [], programs: [], presets: [] },
    uplinks: [],
    rules: [],
  }
  const known = [
    'cgroup',
    'name',
    'wait',
    'jobs',
    'policy',
    'block-list',
    'workspace',
    'exempt',
    'uplinks',
    'rules',
  ]
  for (const entry of reader.entries(node, known, { scope: 'cgroup', blocklist: 'block-list' })) {
    const { key, value } = entry
    if (key === 'exempt') readExempt(reader, entry, scope.exempt)
    else if (key === 'wait') scope.wait = reader.flag(entry) ?? false
    else if (key === 'jobs') scope.jobs = reader.choice(entry, ['keep', 'may-replace']) ?? 'keep'
    else if (key === 'uplinks')
      scope.uplinks = reader.texts(entry, 'of interfaces').map(({ text }) => text)
    else if (key === 'rules')
      scope.rules = reader.texts(entry, 'of rule files').map(({ text }) => text)
    else {
      const text = reader.text(value)
      if (key === 'cgroup') scope.cgroup = text ?? ''
      else if (key === 'name') {
        if (text !== null && !/^[\w.@-]{1,64}$/.test(text))
          reader.problem(value, 'a name has letters, digits and . _ @ - only, at most 64')
        scope.name = text ?? ''
      } else if (key === 'policy') scope.policy = text
      else if (key === 'block-list') scope.blockList = text
      else scope.workspace = text
    }
  }
  if (scope.jobs === 'may-replace' && scope.cgroup !== 'host')
    reader.problem(
      node,
      '"jobs: may-replace" is for "cgroup: host" alone: a scope that is one runner\'s has its jobs\' policies anyway',
    )
  if (scope.cgroup === '')
    reader.problem(node, 'a scope is a mapping with "cgroup:", a path or host')
  else if (scope.name === '') scope.name = scopeName(cgroupPath(scope.cgroup))
  return scope
}

function readExempt(reader: DocumentReader, entry: Entry, exempt: ExemptConfig): void {
  for (const node of reader.items(entry, 'of "cgroup:", "exe:" and "preset:"') ?? []) {
    const entries = reader.entries(node, ['cgroup', 'exe', 'preset'])
    if (entries.length === 0) reader.problem(node, 'is one of "cgroup:", "exe:" and "preset:"')
    for (const { key, value } of entries) {
      const text = reader.text(value)
      if (text === null) continue
      if (key === 'cgroup') exempt.cgroups.push(text)
      else if (key === 'exe') exempt.programs.push(text)
      else exempt.presets.push(text)
    }
  }
}
