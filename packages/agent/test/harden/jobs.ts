/** Runs on the stage: a machine with several jobs at once, some of which take their account's roads to root away. */
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { clearProof, isProved, makeAccount, proof, sh, startServices } from './account.ts'
import { Worker } from './worker.ts'

process.env['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin'
await makeAccount()
await startServices()
const execute = promisify(execFile)
const once = fileURLToPath(new URL('job-once.ts', import.meta.url))

async function ask(uid: number, pid: number | 'any', ...rest: string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, [once, String(uid), String(pid), ...rest])
  return stdout.trim()
}

/** A process of the job that ran before: it holds the group docker. */
const step = new Worker()
const roads = {
  sudo: `sudo -n touch ${proof}/sudo`,
  // CVE-2025-32955: a member of docker's group has the engine give sudo back.
  docker: `echo ${proof}/docker | socat -t60 - UNIX-CONNECT:/run/docker.sock`,
}

async function open(): Promise<string[]> {
  const names: string[] = []
  for (const [name, script] of Object.entries(roads)) {
    await step.run(script)
    if (isProved()) names.push(name)
    clearProof()
  }
  return names
}

const state = (): string =>
  sh('sha256sum /etc/sudoers /etc/group /etc/gshadow; stat -c "%a %U %G" /run/docker.sock')

/** Workers: any process that lives as long as its job. */
const [a, b, c] = Array.from({ length: 3 }, () => spawn('sleep', ['10000'], { stdio: 'ignore' }))
const before = state()
const result: Record<string, unknown> = { before: await open() }
result['root'] = await ask(0, a?.pid ?? 0)
result['nobody'] = await ask(4999, a?.pid ?? 0)
const atOnce = await Promise.all(Array.from({ length: 4 }, () => ask(0, a?.pid ?? 0)))
result['at once'] = atOnce
result['refused'] = { open: await open(), isAsBefore: state() === before }
const [first, second] = await Promise.all([ask(4242, a?.pid ?? 0), ask(4242, b?.pid ?? 0)])
result['taken'] = [first.includes('/etc/sudoers'), second.includes('/etc/sudoers')]
result['both'] = await open()
result['one left'] = [await ask(4242, a?.pid ?? 0, 'restore'), await open()]
result['none left'] = [await ask(4242, b?.pid ?? 0, 'restore'), await open(), state() === before]
await ask(4242, c?.pid ?? 0)
result['third'] = await open()
result['lives'] = [await ask(4242, 'any', 'restore'), await open()]
c?.kill('SIGKILL')
await new Promise((resolve) => c?.once('exit', resolve))
result['gone'] = [await ask(4242, 'any', 'restore'), await open(), state() === before]
result['left'] = existsSync('/var/lib/jobs')
console.log(JSON.stringify(result))
process.exit(0)
