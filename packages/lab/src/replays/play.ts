import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeProject } from './project.ts'
import { type Lab, startLab } from '../lab.ts'
import { allowedHost, thief } from './replay.ts'

const runwarden = fileURLToPath(new URL('../../../cli/bin/runwarden', import.meta.url))

/** A detection, as report.json has it. */
interface Detected {
  id: string
  severity: string
  title: string
  text: string
  evidence: number[]
}

interface Played {
  status: number | null
  stdout: string
  stderr: string
  detections: Detected[]
  /** What must not get out, in what servers that no policy allows received. */
  stolen: string[]
  /** Bytes that those servers received, whatever they were. */
  received: number
}

/** Files in a home that attackers look for; each holds the mark. */
const credentials = [
  '.aws/credentials',
  '.ssh/id_ed25519',
  '.kube/config',
  '.docker/config.json',
  '.npmrc',
  '.pgpass',
]

/**
 * Runs a script under `runwarden run`, in a lab with a thief's servers, beside a process that is named as the
 * runner's worker and has the mark in its memory.
 */
export async function play(
  script: string,
  egress: 'audit' | 'block',
  more: readonly string[] = [],
): Promise<Played> {
  await using lab = await startLab({
    servers: [
      {
        name: thief.names,
        addresses: [thief.address],
        ports: { http: 80, tcp: [3333, 4444] },
        echo: false,
      },
      { addresses: [thief.metadata], ports: { http: 80 } },
      { name: allowedHost, addresses: ['198.51.100.20'], ports: { http: 80 } },
    ],
  })
  const mark = `MARK-${Buffer.from(`${process.hrtime.bigint()}`).toString('hex')}`
  const place = mkdtempSync(join(tmpdir(), 'runwarden-replay-'))
  try {
    return await playIn(lab, { place, mark, script, egress, more })
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

interface Stage {
  place: string
  mark: string
  script: string
  egress: string
  more: readonly string[]
}

/** Runs an ordinary build in audit mode, without any policy, in a lab that has a registry. */
export async function build(script: string): Promise<Detected[]> {
  await using lab = await startLab()
  const { folder, url } = await makeProject(lab)
  const workspace = `${lab.folder}/workspace`
  const out = `${lab.folder}/out`
  mkdirSync(workspace)
  const { status, stderr } = await lab.runner.exec(
    runwarden,
    ['run', '--out', out, '--workspace', workspace, '--', 'bash', '-euc', script],
    {
      cwd: workspace,
      env: { WORKSPACE: workspace, PROJECT: folder, REGISTRY: `${url}/` },
    },
  )
  if (status !== 0) throw new Error(`the build ended with ${status}: ${stderr}`)
  return detectionsOf(out)
}

function detectionsOf(out: string): Detected[] {
  const text = readFileSync(join(out, 'report.json'), 'utf8')
  return (JSON.parse(text) as { detections: Detected[] }).detections
}

async function playIn(lab: Lab, { place, mark, script, egress, more }: Stage): Promise<Played> {
  const workspace = join(place, 'work')
  const out = join(place, 'out')
  mkdirSync(workspace)
  for (const name of credentials) {
    const path = join(lab.runner.home, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${mark}\n`)
  }
  copyFileSync('/bin/sleep', join(place, 'Runner.Worker'))
  const worker = lab.runner.spawn(join(place, 'Runner.Worker'), ['600'], {
    env: { ACTIONS_TOKEN: mark },
    stdio: 'ignore',
  })
  await once(worker, 'spawn')
  const options = ['--egress', egress, '--allow', `${allowedHost}:80`, '--workspace', workspace]
  const ended = await lab.runner.exec(
    runwarden,
    ['run', ...options, ...more, '--out', out, '--', 'bash', '-c', script],
    { cwd: workspace, env: { WORKSPACE: workspace, MARK: mark } },
  )
  worker.kill('SIGKILL')
  const records = (await lab.internet.records()).filter(({ server }) => server !== allowedHost)
  return {
    ...ended,
    detections: detectionsOf(out),
    stolen: records
      .filter(({ data }) => data.includes(mark))
      .map(({ server, port }) => `${server}:${port}`),
    received: records.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}
