/** Runs on the stage: what a job's hardening has taken is given back while others change the machine, or stop it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Content } from '../../src/harden/changes.ts'
import { hardenForJob, restoreAfterJob, type JobWorker } from '../../src/harden/job.ts'
import { ChangeRecord } from '../../src/harden/record.ts'
import { processStart } from '../../src/run-state.ts'
import { isProved, makeAccount, proof, serve, sh, until } from './account.ts'

process.env['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin'
await makeAccount()
const folder = '/var/lib/jobs'
const record = `${folder}/changes.json`
const result: Record<string, unknown> = {}

const children: ChildProcess[] = []
function start(file: string, ...args: string[]): ChildProcess {
  const child = spawn(file, args, { stdio: 'ignore' })
  children.push(child)
  return child
}

async function harden(uid = 4242): Promise<JobWorker> {
  const pid = start('sleep', '10000').pid ?? 0
  const worker = { pid, start: processStart(pid) ?? '' }
  await hardenForJob({ level: 'sudo', uid, worker, folder })
  return worker
}

const asAccount = (script: string): string =>
  sh(`setpriv --reuid=ci --regid=ci --clear-groups sh -c '${script}' 2>&1 || :`)
const hasSudo = (): boolean => asAccount('sudo -n true && echo yes').trim() === 'yes'
const state = (): string =>
  sh('sha256sum /etc/sudoers /etc/group /etc/gshadow; grep -v ^devpts /proc/self/mounts')

/** Options of the last mount at a path, as a process sees it. */
function optionsOf(path: string, pid: number | string = 'self'): string[] {
  const rows = readFileSync(`/proc/${pid}/mounts`, 'utf8').split('\n')
  const row = rows.findLast((line) => line.split(' ')[1] === path)
  return row?.split(' ')[3]?.split(',') ?? []
}

// A mount of the job's folder, which the account may move, and one on which setuid bits never counted.
sh(`mkdir -p /home/ci/runner/work /home/ci/drive && chown -R ci:ci /home/ci/runner
  mount -t tmpfs work /home/ci/runner/work
  mount -t tmpfs -o nosuid drive /home/ci/drive
  cp /bin/touch /home/ci/drive/touch && chmod 4755 /home/ci/drive/touch`)
const own = start('unshare', '-m', 'sh', '-c', 'mount --bind /srv /mnt/other; exec sleep 10000')
await until(() => readFileSync(`/proc/${own.pid}/comm`, 'utf8') === 'sleep\n')
let worker = await harden()
result['nosuid'] = optionsOf('/home/ci/runner/work').includes('nosuid')
asAccount('mv ~ci/runner ~ci/moved; mkdir ~ci/runner; ln -s ~ci/drive ~ci/runner/work')
own.kill('SIGKILL')
await once(own, 'exit')
// The kernel gives them the number of the namespace that has ended.
const made = Array.from({ length: 3 }, () =>
  start(
    'unshare',
    '-m',
    'sh',
    '-c',
    'mount --bind /srv /mnt/other; mount -o remount,bind,nosuid /mnt/other; exec sleep 10000',
  ),
)
for (const { pid } of made)
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n')
result['moved said'] = await restoreAfterJob(worker, folder)
result['made meanwhile'] = made.map(({ pid }) => pid)
result['moved'] = optionsOf('/home/ci/moved/work').includes('nosuid')
result['another'] = optionsOf('/home/ci/drive').includes('nosuid')
asAccount(`/home/ci/drive/touch ${proof}/drive`)
result['another proved'] = isProved()
result['others own'] = made.map(({ pid }) => optionsOf('/mnt/other', pid).includes('nosuid'))
for (const child of made) child.kill('SIGKILL')
await Promise.all(made.map(async (child) => once(child, 'exit')))

// Two accounts: setuid bits are the machine's.
sh(`echo 'bo:x:4300:4300::/tmp:/bin/sh' >> /etc/passwd; echo 'bo:x:4300:' >> /etc/group`)
const first = await harden()
const second = await harden(4300)
result['two said'] = await restoreAfterJob(first, folder)
result['one left'] = hasSudo()
await restoreAfterJob(second, folder)
result['none left'] = hasSudo()

// Something cannot be undone: a file that is mounted on itself cannot be replaced.
const before = state()
worker = await harden()
sh('mount --bind /etc/group /etc/group')
result['stuck said'] = await restoreAfterJob(worker, folder)
result['stuck'] = existsSync(record)
sh('umount /etc/group')
result['stuck undone'] = [await restoreAfterJob(undefined, folder), state() === before]

// Killed as soon as the first thing is given back.
worker = await harden()
const once_ = fileURLToPath(new URL('job-once.ts', import.meta.url))
const killed = start(process.execPath, once_, '4242', String(worker.pid), 'restore')
await until(() => !optionsOf('/').includes('nosuid') || killed.exitCode !== null)
killed.kill('SIGKILL')
if (killed.exitCode === null) await once(killed, 'exit')
process.kill(worker.pid, 'SIGKILL')
await until(() => processStart(worker.pid) !== worker.start)
result['killed undone'] = [await restoreAfterJob(undefined, folder), state() === before]

// Others change the same things.
await serve('/run/docker.sock', 'mode=0660,group=docker', 'true')
const groups = readFileSync('/etc/group', 'utf8')
worker = await harden()
sh('echo new:x:777: >> /etc/group')
await serve('/run/docker.sock', 'mode=0660,group=docker', 'true')
result['since said'] = await restoreAfterJob(worker, folder)
result['since group'] = readFileSync('/etc/group', 'utf8') === `${groups}new:x:777:\n`
result['left'] = existsSync(folder)

// A disk that is nearly full: what does not fit in whole is not put in place.
sh('mkdir /srv/small && mount -t tmpfs -o size=24k small /srv/small')
const path = '/srv/small/group'
const text = 'x'.repeat(9000)
writeFileSync(path, text)
const content = (bytes: string): Content => ({
  uid: 0,
  gid: 0,
  mode: 0o644,
  bytes: Buffer.from(bytes).toString('base64'),
})
const changes = ChangeRecord.open('/srv/record')
changes.make({ kind: 'file', path, before: content(text), after: content(`${text}y`) })
sh('head -c 8192 /dev/zero > /srv/small/fill')
result['full said'] = changes.undo()
result['full'] = [readFileSync(path, 'utf8') === `${text}y`, sh('ls /srv/small').trim()]
sh('rm /srv/small/fill')
result['room'] = ChangeRecord.open('/srv/record').undo()
result['room text'] = readFileSync(path, 'utf8') === text
sh('head -c 20000 /dev/zero > /srv/small/fill || :')
const onFull = { level: 'sudo', uid: 4242, worker, folder: '/srv/small/jobs' } as const
result['full at start'] = await hardenForJob(onFull).catch(({ code, message, advice }) => [
  code,
  message,
  advice,
])
for (const child of children) child.kill('SIGKILL')
console.log(JSON.stringify(result))
process.exit(0)
