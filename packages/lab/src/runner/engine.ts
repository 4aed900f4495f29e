import { spawnSync } from 'node:child_process'
import { RunnerError } from './error.ts'

/** A container engine's command with what it always needs, e.g. `podman --runtime runc`. */
export type EngineCommand = readonly [string, ...string[]]

/** Where the folders of the job are inside of its containers, as the runner mounts them. */
export interface Mounted {
  from: string
  to: string
}

/** The path that a file of the job has inside of a container. */
export function pathInside(mounts: readonly Mounted[], path: string): string {
  const mount = mounts.find(({ from }) => path === from || path.startsWith(`${from}/`))
  return mount === undefined ? path : `${mount.to}${path.slice(mount.from.length)}`
}

/** The job's container: made before its first step, and removed after its last. */
export class JobContainer {
  readonly mounts: readonly Mounted[]
  readonly #engine: EngineCommand
  readonly #id: string

  /** @throws RunnerError with what the engine said */
  constructor(
    engine: EngineCommand,
    mounts: readonly Mounted[],
    what: { image: string; env: Record<string, string>; volumes: string[]; options: string[] },
  ) {
    this.#engine = engine
    this.mounts = mounts
    const volumes = [...mounts.map(({ from, to }) => `${from}:${to}`), ...what.volumes]
    const variables = { GITHUB_ACTIONS: 'true', CI: 'true', ...what.env }
    this.#id = run(engine, [
      'create',
      '--workdir',
      mounts[0]?.to ?? '/',
      ...volumes.flatMap((volume) => ['-v', volume]),
      ...Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      ...what.options,
      '--entrypoint',
      'tail',
      what.image,
      '-f',
      '/dev/null',
    ]).trim()
    run(engine, ['start', this.#id])
  }

  /** The command that runs another one in the container; variables are taken from the engine's environment. */
  exec(
    command: readonly string[],
    cwd: string,
    variables: readonly string[],
  ): [string, ...string[]] {
    const [program, ...always] = this.#engine
    const names = variables.flatMap((name) => ['-e', name])
    return [
      program,
      ...always,
      'exec',
      '-i',
      '--workdir',
      pathInside(this.mounts, cwd),
      ...names,
      this.#id,
      ...command,
    ]
  }

  remove(): void {
    run(this.#engine, ['rm', '--force', '--time', '0', this.#id])
  }
}

/** The command of a container action: a container that is removed when it has ended. */
export function actionCommand(
  [program, ...always]: EngineCommand,
  mounts: readonly Mounted[],
  what: { image: string; entrypoint: string | undefined; args: string[]; variables: string[] },
): [string, ...string[]] {
  return [
    program,
    ...always,
    'run',
    '--rm',
    '--workdir',
    mounts[0]?.to ?? '/',
    ...what.variables.flatMap((name) => ['-e', name]),
    ...mounts.flatMap(({ from, to }) => ['-v', `${from}:${to}`]),
    ...(what.entrypoint === undefined ? [] : ['--entrypoint', what.entrypoint]),
    what.image,
    ...what.args,
  ]
}

function run([program, ...always]: EngineCommand, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, [...always, ...args], {
    encoding: 'utf8',
  })
  if (status !== 0)
    throw new RunnerError(`${program} ${args[0]}: ${error?.message ?? stderr.trim()}`)
  return stdout
}
