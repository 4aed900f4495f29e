import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'
import { RunnerError } from './error.ts'
import type { StepLog } from './log-pages.ts'

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

/** The job's container, in which its scripts are run. */
export class JobContainer {
  readonly mounts: readonly Mounted[]
  readonly #engine: EngineCommand
  readonly #id: string

  constructor(engine: EngineCommand, id: string, mounts: readonly Mounted[]) {
    this.#engine = engine
    this.#id = id
    this.mounts = mounts
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
}

/** Removes containers, whatever they do, and then their network. */
export function removeAll(
  engine: EngineCommand,
  ids: readonly string[],
  network: string | undefined,
): void {
  for (const id of ids) runEngine(engine, ['rm', '--force', '--time', '0', id])
  if (network !== undefined) runEngine(engine, ['network', 'rm', network])
}

/** Builds the image of a Dockerfile action. @returns the image's name */
export function buildImage(engine: EngineCommand, file: string, log: StepLog): string {
  const image = `localhost/action:${randomUUID().replaceAll('-', '')}`
  log.line(`##[group]Build container for action use: '${file}'.`)
  log.line(runEngine(engine, ['build', '-t', image, '-f', file, dirname(file)]).trim())
  log.line('##[endgroup]')
  log.end()
  return image
}

/**
 * `starting`, `healthy`, `unhealthy`; empty: it has no health check. An engine without a daemon runs a check only when it is
 * told to, where there is no systemd: so it is told.
 */
export function inspectHealth(engine: EngineCommand, id: string): string {
  const format = '{{if .Config.Healthcheck}}yes{{end}}'
  if (runEngine(engine, ['inspect', '--format', format, id]).trim() === '') return ''
  const [program, ...always] = engine
  spawnSync(program, [...always, 'healthcheck', 'run', id], { stdio: 'ignore' })
  return runEngine(engine, ['inspect', '--format', '{{.State.Health.Status}}', id]).trim()
}

/** The command of a container action: a container that is removed when it has ended. */
export function actionCommand(
  [program, ...always]: EngineCommand,
  mounts: readonly Mounted[],
  what: {
    image: string
    network: string | undefined
    entrypoint: string | undefined
    args: string[]
    variables: string[]
  },
): [string, ...string[]] {
  return [
    program,
    ...always,
    'run',
    '--rm',
    '--workdir',
    mounts[0]?.to ?? '/',
    ...what.variables.flatMap((name) => ['-e', name]),
    ...(what.entrypoint === undefined ? [] : ['--entrypoint', what.entrypoint]),
    ...(what.network === undefined ? [] : ['--network', what.network]),
    ...mounts.flatMap(({ from, to }) => ['-v', `${from}:${to}`]),
    what.image,
    ...what.args,
  ]
}

/** @throws RunnerError with what the engine said */
export function runEngine([program, ...always]: EngineCommand, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, [...always, ...args], {
    encoding: 'utf8',
  })
  if (status !== 0)
    throw new RunnerError(`${program} ${args[0]}: ${error?.message ?? stderr.trim()}`)
  return stdout
}
