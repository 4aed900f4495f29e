import {
  type CompiledPolicy,
  compile,
  extendPolicy,
  parseAllowedEndpoints,
  parseBlockList,
  policyOf,
} from '@runwarden/policy'
import { readNamedFile } from './run-files.ts'

/** The options that make up a policy. */
export interface PolicyOptions {
  policy: string | undefined
  allow: readonly string[]
  'block-list': string | undefined
  egress: string | undefined
  'fail-mode': string | undefined
}

/**
 * Reads and compiles what the command line says of policy: the document, more endpoints, the modes.
 * @throws PolicyError with file, line and column; AgentError for a file that can't be read.
 */
export async function readPolicy(options: PolicyOptions): Promise<CompiledPolicy> {
  const endpoints = options.allow.flatMap((text, index) =>
    parseAllowedEndpoints(text, options.allow.length === 1 ? '--allow' : `--allow (${index + 1})`),
  )
  const egress = options.egress as 'audit' | 'block' | undefined
  const failMode = options['fail-mode'] as 'closed' | 'open' | undefined
  let base = policyOf([])
  if (options.policy !== undefined) {
    // The reader of documents brings a YAML parser: not loaded without need.
    const { parsePolicy } = await import('@runwarden/policy/document')
    base = parsePolicy(readNamedFile(options.policy, 'policy'), options.policy)
  }
  const list = options['block-list']
  const blockList =
    list === undefined ? undefined : parseBlockList(readNamedFile(list, 'block list'), list)
  return compile(extendPolicy(base, { endpoints, egress, failMode }), blockList)
}
