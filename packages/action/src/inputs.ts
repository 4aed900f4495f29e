import { detectionIds, parseAllowedEndpoints, PolicyError, presets } from '@runwarden/policy'
import type { Egress, FailMode } from '@runwarden/policy'
import { InputProblems } from './input-error.ts'
import { InputReader } from './input-reader.ts'

/** What the workflow gave the action by `with:`. null: it does not say, so a policy document or a default may. */
export interface Inputs {
  /** null: as the policy's documents say, `block` where none does. */
  egressPolicy: Egress | null
  /** As it was written; it has been checked. */
  allowedEndpoints: string
  /** Secret; empty: there is none. */
  token: string
  /** Counts in block mode only, as it always has. What a control plane is told today is that the job starts, which gets its policy. */
  disableTelemetry: boolean
  disableSudo: boolean | null
  disableSudoAndContainers: boolean | null
  disableFileMonitoring: boolean | null
  /** The name of a policy at the control plane. */
  policy: string | null
  usePolicyStore: boolean
  /** Secret. */
  apiKey: string | null
  deployOnSelfHostedVm: boolean
  /** A path from the repository's root. */
  policyFile: string | null
  /** A path from the repository's root. */
  blockList: string | null
  /** Paths from the repository's root. */
  rules: string[]
  presets: string[]
  /** null: `closed` in block mode, `open` in audit mode, where no document says. */
  failMode: FailMode | null
  failOn: 'none' | 'blocked' | 'detection'
  /** Ids of detections. */
  lockdown: string[]
  /** Without a slash at its end. */
  serverUrl: string | null
  onServerFailure: 'local' | 'audit' | 'fail'
  afterJob: 'end' | 'keep'
  report: 'none' | 'artifact'
  /** What the token was granted, by permission; `*`: each. null: not known. */
  permissions: Record<string, string> | null
  /** What is valid and probably not meant, a sentence each. */
  warnings: string[]
}

/** The inputs of action.yml with the defaults that stand there. A test holds the two against each other. */
export const inputDefaults: Readonly<Record<string, string>> = {
  'egress-policy': '',
  'allowed-endpoints': '',
  token: '${{ github.token }}',
  'disable-telemetry': 'false',
  'disable-sudo': '',
  'disable-sudo-and-containers': '',
  'disable-file-monitoring': '',
  policy: '',
  'use-policy-store': 'false',
  'api-key': '',
  'deploy-on-self-hosted-vm': 'false',
  'policy-file': '',
  'block-list': '',
  rules: '',
  presets: '',
  'fail-mode': '',
  'fail-on': 'none',
  lockdown: '',
  'server-url': '',
  'on-server-failure': 'local',
  'after-job': 'end',
  report: 'none',
  permissions: '',
}

/**
 * Reads the inputs from `INPUT_<NAME>`, as the runner passes them (upper case, blanks as underscores, dashes as they are).
 * An empty input counts as its default.
 * @throws InputError with every problem
 */
export function readInputs(env: NodeJS.ProcessEnv): Inputs {
  const problems = new InputProblems()
  const from = new InputReader(env, problems)
  const warnings = from.unknown(Object.keys(inputDefaults))
  const inputs: Inputs = {
    egressPolicy: from.choice('egress-policy', ['audit', 'block'], null),
    allowedEndpoints: from.raw('allowed-endpoints'),
    token: from.text('token') ?? '',
    disableTelemetry: from.flag('disable-telemetry') ?? false,
    disableSudo: from.flag('disable-sudo'),
    disableSudoAndContainers: from.flag('disable-sudo-and-containers'),
    disableFileMonitoring: from.flag('disable-file-monitoring'),
    policy: from.name('policy'),
    usePolicyStore: from.flag('use-policy-store') ?? false,
    apiKey: from.text('api-key'),
    deployOnSelfHostedVm: from.flag('deploy-on-self-hosted-vm') ?? false,
    policyFile: from.path('policy-file'),
    blockList: from.path('block-list'),
    rules: from.paths('rules'),
    presets: from.words(
      'presets',
      presets.map(({ name }) => name),
      'preset',
    ),
    failMode: from.choice('fail-mode', ['closed', 'open'], null),
    failOn: from.choice('fail-on', ['none', 'blocked', 'detection'], 'none'),
    lockdown: from.words('lockdown', detectionIds, 'detection'),
    serverUrl: from.url('server-url'),
    onServerFailure: from.choice('on-server-failure', ['local', 'audit', 'fail'], 'local'),
    afterJob: from.choice('after-job', ['end', 'keep'], 'end'),
    report: from.choice('report', ['none', 'artifact'], 'none'),
    permissions: from.permissions('permissions'),
    warnings,
  }
  checkEndpoints(inputs, problems)
  checkTogether(inputs, problems)
  problems.refuse(from.failMode())
  return inputs
}

function checkEndpoints({ allowedEndpoints }: Inputs, problems: InputProblems): void {
  try {
    parseAllowedEndpoints(allowedEndpoints, 'allowed-endpoints')
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    for (const { line, column, text, what, nearest } of error.problems)
      problems.add('allowed-endpoints', text, what, nearest, { line, column })
  }
}

/** What does not go together, or has no use without something else. */
function checkTogether(inputs: Inputs, problems: InputProblems): void {
  const { policy, policyFile, usePolicyStore, apiKey, serverUrl, warnings } = inputs
  if (policy !== null && policyFile !== null)
    problems.add(
      'policy',
      policy,
      'and policy-file both name the job’s policy: keep one. Endpoints and switches of the workflow can stand beside either',
    )
  if (usePolicyStore && apiKey === null)
    problems.add(
      'use-policy-store',
      'true',
      'needs api-key: make one at the control plane, store it as a secret of the repository or organisation, and pass it as api-key: ${{ secrets.NAME }} (a secret is empty in runs for pull requests from forks)',
    )
  if (serverUrl === null) {
    const what = 'is asked of a control plane: name yours by server-url, or use policy-file'
    if (policy !== null) problems.add('policy', policy, what)
    if (usePolicyStore) problems.add('use-policy-store', 'true', what)
    if (apiKey !== null && !usePolicyStore)
      warnings.push('api-key is not used: it is for a control plane, which server-url names.')
    if (inputs.onServerFailure !== 'local')
      warnings.push('on-server-failure is not used: server-url names no control plane.')
  }
  if (usePolicyStore && policy !== null)
    warnings.push('policy is not used: use-policy-store stands before it.')
  if (inputs.disableTelemetry && inputs.egressPolicy === 'audit' && serverUrl !== null)
    warnings.push('disable-telemetry has no effect in audit mode.')
}
