import {
  type BlockList,
  type CompiledPolicy,
  compile,
  detectionIds,
  extendPolicy,
  parseAllowedEndpoints,
  parseBlockList,
  type Policy,
  policyOf,
} from '@runwarden/policy'
import { nearest, UsageError } from './options.ts'
import { readNamedFile } from './run-files.ts'

/** The options that make up a policy. */
export interface PolicyOptions {
  policy: string | undefined
  allow: readonly string[]
  'block-list': string | undefined
  egress: string | undefined
  'fail-mode': string | undefined
  /** Ids of detections, commas or blanks between. */
  lockdown?: readonly string[]
}

/** What the command line says of policy, read and checked. */
export interface OwnPolicy {
  /** The document's; null: there is none. */
  document: Policy | null
  more: NonNullable<Parameters<typeof extendPolicy>[1]>
  blockList: BlockList | undefined
}

/**
 * Reads what the command line says of policy: the document, more endpoints, the modes.
 * @param rules ids of detections that are not built in
 * @throws UsageError; PolicyError with file, line and column; AgentError for a file that can't be read.
 */
export async function readOwnPolicy(
  options: PolicyOptions,
  rules: readonly string[] = [],
): Promise<OwnPolicy> {
  const lockdown = readLockdown(options.lockdown ?? [], [...detectionIds, ...rules])
  const endpoints = options.allow.flatMap((text, index) =>
    parseAllowedEndpoints(text, options.allow.length === 1 ? '--allow' : `--allow (${index + 1})`),
  )
  const egress = options.egress as 'audit' | 'block' | undefined
  const failMode = options['fail-mode'] as 'closed' | 'open' | undefined
  let document: Policy | null = null
  if (options.policy !== undefined) {
    // The reader of documents brings a YAML parser: not loaded without need.
    const { parsePolicy } = await import('@runwarden/policy/document')
    document = parsePolicy(readNamedFile(options.policy, 'policy'), options.policy)
  }
  const list = options['block-list']
  const blockList =
    list === undefined ? undefined : parseBlockList(readNamedFile(list, 'block list'), list)
  return { document, more: { endpoints, egress, failMode, lockdown }, blockList }
}

/** The same, compiled. @throws as readOwnPolicy does */
export async function readPolicy(
  options: PolicyOptions,
  rules: readonly string[] = [],
): Promise<CompiledPolicy> {
  return compileOwn(await readOwnPolicy(options, rules))
}

export function compileOwn({ document, more, blockList }: OwnPolicy): CompiledPolicy {
  return compile(extendPolicy(document ?? policyOf([]), more), blockList)
}

function readLockdown(texts: readonly string[], known: readonly string[]) {
  const ids = texts.flatMap((text) => text.split(/[\s,]+/)).filter(Boolean)
  for (const id of ids) {
    if (known.includes(id)) continue
    const meant = nearest(id, known)
    throw new UsageError(
      `--lockdown '${id}' is no detection${meant === undefined ? '' : `; did you mean '${meant}'?`}; 'runwarden rules list' shows them`,
    )
  }
  return ids.map((detection) => ({
    detection,
    where: { file: '--lockdown', line: 1, column: 1 },
  }))
}
