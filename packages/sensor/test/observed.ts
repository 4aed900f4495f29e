import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Sensor, type SensorOptions, type SensorRecord, startSensor } from '../src/index.ts'

/** Mount point of cgroup v2, wherever this machine has it. */
export function cgroupRoot(): string {
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, point, type] = line.split(' ')
    if (type === 'cgroup2' && point !== undefined) return point
  }
  throw new Error('no cgroup2 is mounted')
}

export interface Ended {
  status: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  pid: number
}

/** Runs a program in a cgroup, to its end. */
export async function runIn(
  cgroup: string,
  command: readonly string[],
  options: { cwd: string; env: Record<string, string | undefined> },
): Promise<Ended> {
  const enter = `echo $$ > '${cgroup}/cgroup.procs' && exec "$@"`
  const child = spawn('sh', ['-c', enter, 'sh', ...command], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => (stdout += String(data)))
  child.stderr.on('data', (data) => (stderr += String(data)))
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { status, signal, stdout, stderr, pid: child.pid ?? 0 }
}

/** A sensor on a cgroup and a workspace of its own, and programs run in it. */
export class Observed implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'runwarden-sensor-'))
  readonly workspace = join(this.folder, 'work')
  readonly cgroup: string
  readonly sensor: Sensor
  readonly records: SensorRecord[] = []

  constructor(options: Partial<SensorOptions> = {}) {
    mkdirSync(this.workspace)
    this.cgroup = mkdtempSync(join(cgroupRoot(), 'runwarden-sensor-'))
    this.sensor = startSensor({
      scopeCgroup: this.cgroup,
      workspace: this.workspace,
      homes: [join(this.folder, 'home')],
      onRecords: (records) => {
        for (const record of records) this.records.push(record)
      },
      ...options,
    })
  }

  /** Runs a program in the scope, to its end, in the workspace. */
  async run(command: string, ...args: string[]): Promise<Ended> {
    const env = { PATH: process.env['PATH'] }
    const ended = await runIn(this.cgroup, [command, ...args], { cwd: this.workspace, env })
    // The kernel side had told everything before the process was gone.
    this.sensor.drain()
    return ended
  }

  /** The records of one kind, as they came. */
  of<K extends SensorRecord['kind']>(kind: K): Extract<SensorRecord, { kind: K }>[] {
    return this.records.filter((record) => record.kind === kind) as Extract<
      SensorRecord,
      { kind: K }
    >[]
  }

  /** Files in one line each, paths relative to this test's folder: what a person would compare. */
  files(): string[] {
    return this.of('file').map((file) => {
      const words = [file.link ?? file.action, file.path]
      if (file.to !== null) words.push('->', file.to)
      words.push(file.truth)
      if (file.sensitive !== null) words.push(file.sensitive)
      if (file.beingWritten) words.push('while written')
      if (file.errno !== 0) words.push(`errno ${file.errno}`)
      if (file.uring) words.push('io_uring')
      return words.join(' ').replaceAll(this.workspace, 'W').replaceAll(this.folder, 'F')
    })
  }

  [Symbol.dispose](): void {
    this.sensor.close()
    rmdirSync(this.cgroup)
    rmSync(this.folder, { recursive: true })
  }
}

/** A program of test/acts, compiled into a folder of this process. */
export function compileAct(name: string): string {
  const program = join(actsFolder(), name)
  const source = fileURLToPath(new URL(`acts/${name}.c`, import.meta.url))
  execFileSync('gcc', ['-O1', '-static', '-o', program, source, '-pthread'])
  return program
}

let acts: string | undefined

function actsFolder(): string {
  if (acts === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'runwarden-acts-'))
    process.on('exit', () => rmSync(folder, { recursive: true }))
    acts = folder
  }
  return acts
}
