import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import { startLab } from '../lab.ts'
import type { DemoServer, Kept } from './control-plane.ts'
import { checkout, makeProject, registryHost } from './project.ts'
import { culprits, type Culprit, type RunReport } from './culprit.ts'
import { roads, strayPackets, thiefRecords, thiefServers, token } from './roads.ts'

/** `none`: without Runwarden, to see that the thief is a real one. */
export type DemoMode = 'block' | 'audit' | 'none'

export interface RoadResult {
  title: string
  target: string
  /** Error code that the thief got; null: none. */
  error: string | null
  /** Milliseconds until it had its answer. */
  ms: number
  /** How often what it sent arrived at the servers, by their own record. */
  arrived: number
}

export interface DemoResult {
  mode: DemoMode
  packages: number
  /** Exit status of the command, and how long it took in milliseconds. */
  status: number | null
  ms: number
  /** What the installed program prints; null: it does not run. */
  installed: string | null
  roads: RoadResult[]
  /** Packets at the internet's end: all of them, and those to the thief or with the token in them. */
  packets: { all: number; stray: number }
  culprits: Culprit[]
  /** The run's folder with its reports; null: there is none. */
  out: string | null
  /** What the control plane gave back of the job; null: there is none, or it has nothing of it. */
  kept: (Kept & { same: boolean }) | null
}

export interface DemoOptions {
  mode: DemoMode
  /** Told before the command starts, as the person would have typed it. */
  onCommand?(line: string, packages: number): void
  /** The command's own output: to this terminal, or nowhere. */
  output?: 'inherit' | 'ignore'
  /** Folder for the run's reports. */
  out: string
  /** Where the job is kept, as this run of its workflow. */
  server?: DemoServer
  run?: number
}

/** Plays the demo in a lab of its own and gathers what happened, from all sides. */
export async function playDemo(options: DemoOptions): Promise<DemoResult> {
  const { mode, out } = options
  await using lab = await startLab({ servers: thiefServers, records: thiefRecords })
  const { folder, registry } = await makeProject(lab)
  const packages = registry.packages.length
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })

  const number = options.run ?? 1
  const job = { repository: 'web-shop', workflow: 'ci', job: 'install', run: number }
  const server = mode === 'none' ? undefined : options.server
  await using reach = await server?.reachFrom(lab, job)
  const run = ['run', '--egress', mode, '--allow', `${registryHost}:443`, '--out', out]
  const command = ['npm', 'ci', '--no-audit', '--no-fund']
  const shown = mode === 'none' ? command : ['runwarden', ...run, '--', ...command]
  options.onCommand?.(shown.join(' '), packages)
  const runwarden = join(checkout, 'node_modules/.bin/runwarden')
  const [program = '', ...args] =
    mode === 'none' ? command : [runwarden, ...run, ...(reach?.words ?? []), '--', ...command]
  const begun = performance.now()
  const child = lab.runner.spawn(program, args, {
    cwd: folder,
    env: { PUBLISH_TOKEN: token, npm_config_registry: `${registry.url}/`, ...reach?.env },
    stdio: ['ignore', options.output ?? 'ignore', options.output ?? 'ignore'],
  })
  const [status] = (await once(child, 'close')) as [number | null]
  const ms = performance.now() - begun
  const installed = await lab.runner.exec('node', ['index.mjs'], { cwd: folder })
  const loot = {
    records: await lab.internet.records(),
    packets: await lab.internet.packets(),
    queries: await lab.dns.queries(),
  }
  const attempts = readJson<Attempt[]>(`${folder}/node_modules/string-trimmer/attempts.json`) ?? []
  const report = readJson<RunReport>(join(out, 'report.json'))
  const kept = (await server?.fetchBack(number)) ?? null
  return {
    mode,
    packages,
    status,
    ms,
    installed: installed.status === 0 ? installed.stdout.trim() : null,
    roads: roads.map(({ id, title, target, arrived }) => {
      const { error, ms } = attempts.find(({ road }) => road === id) ?? notTried
      return { title, target, error, ms, arrived: arrived(loot) }
    }),
    packets: { all: loot.packets.length, stray: strayPackets(loot).length },
    culprits: report === null ? [] : culprits(report),
    out: report === null ? null : out,
    kept: kept === null ? null : { ...kept, same: isDeepStrictEqual(kept.report, report) },
  }
}

/** One line of the thief's own account. */
interface Attempt {
  road: string
  error: string | null
  ms: number
}

const notTried = { error: 'not tried', ms: 0 }

function readJson<T>(file: string): T | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : null
}

/** Whether the planted package came to try anything. */
export function thiefRan({ roads }: DemoResult): boolean {
  return roads.some(({ error }) => error !== notTried.error)
}

/** Why this is not what the demo is to show, sentence by sentence; empty: it is. */
export function flaws(result: DemoResult): string[] {
  const { mode, roads, culprits } = result
  const wrong: string[] = []
  if (result.status !== 0) wrong.push(`the install ended with status ${result.status}`)
  if (result.installed === null) wrong.push('what was installed does not run')
  if (!thiefRan(result)) return [...wrong, 'the thief did not run']
  for (const road of roads) {
    if (road.error === notTried.error) wrong.push(`the thief did not try it ${road.title}`)
    if (mode === 'block' && road.arrived > 0) wrong.push(`the token got out ${road.title}`)
    if (mode !== 'block' && road.arrived === 0) wrong.push(`the thief failed ${road.title}`)
  }
  if (mode === 'block' && result.packets.stray > 0) wrong.push('a packet reached the thief')
  if (result.kept?.same === false)
    wrong.push('the report that the control plane gave back is another')
  if (mode !== 'none') {
    const verdict = mode === 'block' ? 'blocked' : 'would-block'
    const thief = culprits.find((one) => one.package === 'string-trimmer')
    if (thief === undefined) wrong.push('the report does not name string-trimmer')
    else if (!thief.acts.every((act) => act.verdict === verdict)) {
      wrong.push(`the report has other verdicts than ${verdict} for string-trimmer`)
    }
  }
  return wrong
}
