import type { System } from './system.ts'

/** Runners that a company runs for others, and how they are known. */
interface Provider {
  name: string
  /** Each job has a virtual machine of its own, which goes with it. */
  machineOfOneJob: boolean
  /** One of these variables is set. */
  variables: readonly string[]
  /** One of these files is there. */
  files: readonly string[]
}

/** Known by marks that their makers and users have published. Untested: none of these runners was at hand. */
const providers: readonly Provider[] = [
  { name: 'Blacksmith', machineOfOneJob: true, variables: ['BLACKSMITH_VM_ID'], files: [] },
  { name: 'Depot', machineOfOneJob: true, variables: ['DEPOT_RUNNER'], files: [] },
  { name: 'Namespace', machineOfOneJob: true, variables: ['NSC_INSTANCE_ID'], files: [] },
  { name: 'WarpBuild', machineOfOneJob: true, variables: ['WARPBUILD_RUNNER_SET_ID'], files: [] },
  { name: 'Bitrise', machineOfOneJob: true, variables: ['BITRISE_BUILD_SLUG'], files: [] },
  { name: 'AWS CodeBuild', machineOfOneJob: false, variables: ['CODEBUILD_BUILD_ID'], files: [] },
  { name: 'RunsOn', machineOfOneJob: true, variables: ['RUNS_ON_VERSION'], files: [] },
]

export function recognise({
  env,
  exists,
}: Pick<System, 'env' | 'exists'>): { name: string; machineOfOneJob: boolean } | null {
  const found = providers.find(
    ({ variables, files }) =>
      variables.some((name) => (env[name] ?? '') !== '') || files.some((path) => exists(path)),
  )
  return found === undefined ? null : { name: found.name, machineOfOneJob: found.machineOfOneJob }
}
