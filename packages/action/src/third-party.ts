/** A company that runs runners for others, and the mark that its runners have. */
export interface Provider {
  name: string
  /** The variable that its runners set for what they start, and with which value; null: any that is not empty. */
  variable: string
  value: RegExp | null
  /** Who says so. */
  source: string
  /**
   * The mark says that each job has a virtual machine of its own, which goes with it. The name of a runner says nothing of
   * the kind: whoever registers one chooses it.
   */
  machineOfOneJob: boolean
}

/** Untested: the marks are what has been published of these runners, and none of them was at hand. */
export const providers: readonly Provider[] = [
  {
    name: 'Depot',
    variable: 'DEPOT_RUNNER',
    value: /^1$/,
    source: 'step-security/harden-runner, src/utils.ts',
    machineOfOneJob: true,
  },
  {
    name: 'Namespace',
    variable: 'NAMESPACE_GITHUB_RUNTIME',
    value: null,
    source: 'step-security/harden-runner, src/utils.ts',
    machineOfOneJob: true,
  },
  {
    name: 'Bitrise',
    variable: 'BITRISE_IO',
    value: null,
    source: 'step-security/harden-runner, src/utils.ts',
    machineOfOneJob: true,
  },
  {
    name: 'WarpBuild',
    variable: 'WARPBUILD_RUNNER_VERIFICATION_TOKEN',
    value: null,
    source: "WarpBuild's own actions, which look for it",
    machineOfOneJob: true,
  },
  {
    name: 'WarpBuild',
    variable: 'RUNNER_NAME',
    value: /^warp-/,
    source: 'step-security/harden-runner, src/utils.ts',
    machineOfOneJob: false,
  },
  {
    name: 'Blacksmith',
    variable: 'RUNNER_NAME',
    value: /^blacksmith-/,
    source: 'step-security/harden-runner, src/utils.ts',
    machineOfOneJob: false,
  },
  {
    name: 'AWS CodeBuild',
    variable: 'CODEBUILD_BUILD_ARN',
    value: null,
    source: 'AWS CodeBuild User Guide, environment variables in build environments',
    machineOfOneJob: false,
  },
  {
    name: 'RunsOn',
    variable: 'RUNS_ON_RUNNER_NAME',
    value: null,
    source: 'runs-on/action, which looks for it',
    machineOfOneJob: true,
  },
]

/**
 * The company whose runner this is; null: none that is known.
 * @param env of the runner's worker, where no workflow has a say
 */
export function recognise(env: NodeJS.ProcessEnv): Provider | null {
  const found = providers.find(({ variable, value }) => {
    const text = env[variable] ?? ''
    return text !== '' && (value === null || value.test(text))
  })
  return found ?? null
}
