/** Runs on the stage: a machine is hardened and restored, and all is tried as a worker that was there before. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { accountChanges } from '../../src/harden/accounts.ts'
import { groupsOf } from '../../src/harden/confinement.ts'
import { restoreMachine } from '../../src/harden/machine.ts'
import { ChangeRecord } from '../../src/harden/record.ts'
import { findAccount } from '../../src/launcher.ts'
import {
  clearProof,
  isProved,
  makeAccount,
  proof,
  sh,
  startOutside,
  startServices,
  until,
} from './account.ts'
import { tries } from './tries.ts'
import { Worker } from './worker.ts'

process.env['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin'
await makeAccount()
await startServices()
process.env['OUTSIDE'] = String(startOutside())
const execute = promisify(execFile)
const record = '/var/lib/harden/record'
let worker = new Worker()

/** Names of the tries that work for the worker and, where it is asked for, for the account logged in anew. */
async function worked(anew = false): Promise<string[]> {
  const names: string[] = []
  const login = new Worker()
  for (const who of anew ? [worker, login] : [worker]) {
    for (const { name, script, proof: folder, outside } of tries) {
      if (outside === true) continue
      const status = await who.run(script)
      const works = folder === null ? status === 0 : isProved(folder)
      if (works) names.push(who === worker ? name : `${name} (anew)`)
      if (folder !== null) clearProof(folder ?? proof)
    }
  }
  await login.end()
  return names
}

/** All that hardening may touch, as text. */
function state(): string[] {
  return sh(`
    sha256sum /etc/sudoers /etc/group /etc/gshadow /etc/passwd /etc/shadow
    find /etc /usr/share /run /srv /var/spool /var/lib/harden -path /run/sudo -prune -o -printf '%m %U %G %p\\n' 2>/dev/null | sort
    awk '{ last[$5] = $0 } END { for (path in last) print last[path] }' /proc/self/mountinfo | sort
    cat /proc/sys/user/max_user_namespaces`).split('\n')
}

/**
 * Hardens the machine by a process of its own, as an agent does: what the account runs is not started by it.
 * @returns what was changed, or what stopped it
 */
async function harden(level: 'sudo' | 'sudo-and-containers'): Promise<string> {
  const module = fileURLToPath(new URL('harden-once.ts', import.meta.url))
  const { stdout } = await execute(process.execPath, [module, level, record])
  return stdout.trim()
}

/** What is in the state and was not before (+), or was and is not (-). */
function changed(before: readonly string[]): string[] {
  const now = state()
  return [
    ...now.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
    ...before.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
  ]
}

const result: Record<string, unknown> = {}
result['before'] = await worked()
sh('mkdir -m 0700 /var/lib/harden')
const fresh = state()

// Roads that cannot be shut: said, and the machine is as it was.
const shell = spawn(
  'setpriv',
  ['--reuid=ci', '--regid=ci', '--init-groups', 'sh', '-c', 'sudo -n sleep 1000 & wait'],
  { stdio: 'ignore' },
)
await until(() => sh('pgrep -x sleep -u 0 || :') !== '')
result['root shell'] = await harden('sudo')
result['root shell leaves'] = changed(fresh)
sh('pkill -x sleep -u 0')
await once(shell, 'exit')

const connected = spawn(
  'setpriv',
  ['--reuid=ci', '--regid=ci', '--init-groups', 'socat', '-', 'UNIX-CONNECT:/run/docker.sock'],
  { stdio: ['pipe', 'ignore', 'ignore'] },
)
await until(() => sh('ss -xnH').includes('/run/docker.sock'))
result['connection'] = await harden('sudo')
result['connection leaves'] = changed(fresh)
connected.kill()
await once(connected, 'exit')

const holder = new Worker(['--groups=disk'])
await holder.run('true')
result['held group'] = await harden('sudo')
await holder.end()

// A step in the middle that fails.
sh('cp -a /etc/sudoers /etc/sudoers.good; echo "this is no line of sudoers" >> /etc/sudoers')
const broken = state()
result['broken sudoers'] = await harden('sudo')
result['broken sudoers leaves'] = changed(broken)
sh('mv /etc/sudoers.good /etc/sudoers')

// sudoers alone, with all setuid bits in place.
const alone = ChangeRecord.open(record)
const subject = { ...findAccount('ci'), groups: groupsOf('ci') }
for (const change of accountChanges('sudo', subject)) alone.make(change)
result['sudoers alone'] = [
  await worker.run(`sudo -n touch ${proof}/x`),
  await worker.run(`sudo -n -u daemon true`),
  await worker.run(`sg docker true`),
  isProved(),
]
result['sudoers alone undone'] = alone.undo()

for (const level of ['sudo', 'sudo-and-containers'] as const) {
  result[level] = await harden(level)
  result[`${level} again`] = await harden(level)
  result[`${level} worked`] = await worked(true)
  // As a new socket of the engine would have it, by its group's name.
  sh('chown root:docker /run/docker.sock && chmod 0660 /run/docker.sock')
  result[`${level} engine anew`] = await worker.run(
    `echo ${proof}/anew | socat -t5 - UNIX-CONNECT:/run/docker.sock`,
  )
  result[`${level} engine anew proved`] = isProved()
  sh('chown root:root /run/docker.sock && chmod 0600 /run/docker.sock')
  result[`${level} record`] = [existsSync(record), sh(`stat -c '%a %u' ${record} || :`).trim()]
  result[`${level} restored`] = restoreMachine(record)
  if (level === 'sudo') result['sudo leaves'] = changed(fresh)
}
// The engine that was ended is no unit: its socket is what is left of it.
sh('rm -f /srv/odd/api.sock')
await worker.end()
worker = new Worker()
await startServices()
result['after'] = await worked()

// Somebody changes a file that is on record: theirs stays.
await harden('sudo')
appendFileSync('/etc/group', 'later:x:5000:\n')
result['changed since'] = restoreMachine(record)
result['changed since group'] = readFileSync('/etc/group', 'utf8').endsWith('later:x:5000:\n')
console.log(JSON.stringify(result))
process.exit(0)
