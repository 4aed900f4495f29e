import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { LabError } from '../error.ts'
import { type Lab, startLab } from '../lab.ts'
import { prepareWorkflow, type PreparedWorker } from '../runner/index.ts'
import { allowedHost, attacker, type Replay } from './replay.ts'

/** Files in a home that attackers look for; each holds the token. */
const credentials = [
  '.aws/credentials',
  '.ssh/id_ed25519',
  '.kube/config',
  '.docker/config.json',
  '.npmrc',
  '.pgpass',
]

/** A job that is ready to be started, and an internet with the attacker's servers. */
export interface Stage {
  readonly lab: Lab
  readonly worker: PreparedWorker
  /** What must not get out: the job's token, in the worker's memory, in the environment of steps and in files of the home. */
  readonly token: string
  /** Of the worker. */
  readonly env: Readonly<Record<string, string>>
  /** The report of a past run, for --baseline: the job had reached the allowed host only. */
  readonly baseline: string
}

/** Ends with its lab. @throws LabError */
export async function setStage(replay: Replay): Promise<Stage> {
  const has = (name: string): boolean => existsSync(join(replay.folder, name))
  const lab = await startLab({
    servers: [
      {
        name: attacker.names,
        addresses: [attacker.address],
        ports: { http: 80, https: 443, tcp: [3333, 4444] },
        echo: false,
        ...(has('internet') ? { files: join(replay.folder, 'internet') } : {}),
      },
      { addresses: [attacker.metadata], ports: { http: 80 } },
      { name: allowedHost, addresses: ['198.51.100.20'], ports: { http: 80 } },
    ],
  })
  try {
    return await furnish(lab, replay, has)
  } catch (error) {
    await lab[Symbol.asyncDispose]()
    throw error
  }
}

async function furnish(lab: Lab, replay: Replay, has: (name: string) => boolean): Promise<Stage> {
  const token = makeToken()
  for (const name of credentials) put(join(lab.runner.home, name), `${token}\n`)
  if (has('home')) cpSync(join(replay.folder, 'home'), lab.runner.home, { recursive: true })
  if (has('machine')) await layOver(lab, join(replay.folder, 'machine'))
  const bin = join(lab.folder, 'bin')
  // Not every machine has sudo: who is root already only needs something of that name that runs the rest.
  for (const [name, program] of Object.entries({ sudo: '/usr/bin/env', ...replay.standIns }))
    putProgram(join(bin, name), program)
  const baseline = join(lab.folder, 'past.json')
  const before = { host: allowedHost, address: '198.51.100.20', port: 80, protocol: 'tcp' }
  put(baseline, JSON.stringify({ schema: 1, destinations: [{ ...before, verdict: 'allowed' }] }))
  const workspace = join(lab.folder, 'work')
  mkdirSync(workspace)
  if (has('repository')) cpSync(join(replay.folder, 'repository'), workspace, { recursive: true })
  // Out of the checkout, whose package.json would make modules of their scripts.
  const actions = join(lab.folder, 'actions')
  if (has('actions')) cpSync(join(replay.folder, 'actions'), actions, { recursive: true })
  const worker = prepareWorkflow(join(replay.folder, 'workflow.yml'), {
    folder: join(lab.folder, 'runner'),
    workspace,
    actions,
    secrets: { GITHUB_TOKEN: token },
    ...(replay.event === undefined ? {} : { event: replay.event }),
  })
  return {
    lab,
    worker,
    token,
    env: { PATH: `${bin}:${lab.runner.env['PATH']}` },
    baseline,
  }
}

/** In the form of GitHub's tokens, its checksum included. */
function makeToken(): string {
  const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  const random = Array.from(
    crypto.getRandomValues(new Uint8Array(30)),
    (byte) => letters[byte % 62],
  )
  let sum = crc32(random.join(''))
  let check = ''
  for (let digit = 0; digit < 6; digit++) {
    check = `${letters[sum % 62]}${check}`
    sum = Math.floor(sum / 62)
  }
  return `ghs_${random.join('')}${check}`
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function putProgram(path: string, program: string): void {
  mkdirSync(dirname(path), { recursive: true })
  copyFileSync(program, path)
  chmodSync(path, 0o755)
}

/** Lays files over those of the machine, in the lab's mount namespace: nobody else sees them, or what is written there. */
async function layOver(lab: Lab, files: string): Promise<void> {
  for (const top of readdirSync(files)) {
    const upper = join(lab.folder, 'machine', top)
    const scratch = join(lab.folder, 'machine-scratch', top)
    mkdirSync(scratch, { recursive: true })
    cpSync(join(files, top), upper, { recursive: true })
    // It is a mount of its own, which an overlay would hide.
    if (top === 'etc') copyFileSync(`${lab.folder}/resolv.conf`, join(upper, 'resolv.conf'))
    const options = `lowerdir=/${top},upperdir=${upper},workdir=${scratch}`
    const { status, stderr } = await lab.runner.exec('mount', [
      '-t',
      'overlay',
      'overlay',
      '-o',
      options,
      `/${top}`,
    ])
    if (status !== 0)
      throw new LabError('LAB_START', `/${top} can't be laid over: ${stderr.trim()}`)
  }
}
