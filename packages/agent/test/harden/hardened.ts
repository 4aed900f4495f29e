/** Runs on the stage: a machine is hardened and restored, and all is tried as a worker that was there before. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
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
const hardenOnce = fileURLToPath(new URL('harden-once.ts', import.meta.url))
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
    find /usr/share -maxdepth 1 -printf '%m %U %G %p\\n' | sort
    find /etc /usr/share/dbus-1 /usr/share/polkit-1 /run /srv /dev/kvm /var/lib/harden -path /run/sudo -prune -o ! -name '*.pid' -printf '%m %U %G %p\\n' 2>/dev/null | sort
    awk '{ last[$5] = $0 } END { for (path in last) print last[path] }' /proc/self/mountinfo | sort
    cat /proc/sys/user/max_user_namespaces`).split('\n')
}

/**
 * Hardens the machine by a process of its own, as an agent does: what the account runs is not started by it.
 * @returns what was changed, or what stopped it
 */
async function harden(level: 'sudo' | 'sudo-and-containers'): Promise<string> {
  const { stdout } = await execute(process.execPath, [hardenOnce, level, record])
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

// What was left to cron and at by then.
sh('mkdir -m 0700 /proof-later')
const later = (name: string): string => `sudo -n touch /proof-later/${name}; touch /tmp/${name}-ran`
spawn('cron', ['-f'], { stdio: 'ignore' })
await worker.run(`echo '* * * * * ${later('cron')}' | crontab -`)
await worker.run(`echo '${later('at')}' | at now + 1 minute`)

const result: Record<string, unknown> = {}
result['before'] = await worked()
sh('mkdir -m 0700 /var/lib/harden')
let fresh = state()

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

// Killed in the middle: what was changed by then is on record.
const killed = spawn(process.execPath, [hardenOnce, 'sudo', record], { stdio: 'ignore' })
await until(() => existsSync(record) && readFileSync(record, 'utf8').includes('/etc/sudoers'))
killed.kill('SIGKILL')
await once(killed, 'exit')
result['killed record'] = existsSync(record)
result['killed restored'] = restoreMachine(record)
result['killed leaves'] = changed(fresh)

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

// A stand-in for systemd, which the stage can't have: it keeps the state of units, and says what it was told.
sh(`mkdir -p /srv/units
  echo active > /srv/units/docker.socket
  echo active > /srv/units/docker.service
  echo inactive > /srv/units/podman.socket
  rm -f /usr/bin/systemctl
  cat > /usr/bin/systemctl <<'END'
#!/bin/sh
unit=/srv/units/$(eval echo "\\$$#")
[ "$1" = show ] || echo "$*" >> /srv/units.told
case $1 in
  show)
    if [ -e "$unit.masked" ]; then echo LoadState=masked; elif [ -e "$unit" ]; then echo LoadState=loaded; fi
    [ ! -e "$unit" ] || echo "ActiveState=$(cat "$unit")" ;;
  mask) touch "$unit.masked" ;;
  unmask) rm "$unit.masked" ;;
  stop) echo inactive > "$unit" ;;
  start) echo active > "$unit" ;;
esac
END
  chmod 755 /usr/bin/systemctl`)
fresh = state()
for (const level of ['sudo', 'sudo-and-containers'] as const) {
  if (level === 'sudo-and-containers') sh('mkdir -p /run/systemd/system')
  result[level] = await harden(level)
  if (level === 'sudo') {
    spawn('atd', ['-f'], { stdio: 'ignore' })
    sh('rm -f /tmp/cron-ran /proof-later/*')
    await until(() => existsSync('/tmp/cron-ran') && existsSync('/tmp/at-ran'))
    result['later'] = readdirSync('/proof-later')
    sh('pkill -x cron; pkill -x atd; rm -f /var/spool/cron/crontabs/ci /run/crond.pid /run/atd.pid')
  }
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
result['units'] = sh('cat /srv/units.told; head /srv/units/*')
sh('rmdir /run/systemd/system')
// The engine that was ended is no unit: its socket is what is left of it.
sh('rm -f /srv/odd/api.sock')
await worker.end()
worker = new Worker()
await startServices()
result['after'] = await worked()

// Somebody changes a file that is on record: theirs stays, and only theirs.
const groups = readFileSync('/etc/group', 'utf8')
await harden('sudo')
appendFileSync('/etc/group', 'later:x:5000:\n')
result['changed since'] = restoreMachine(record)
result['changed since group'] = readFileSync('/etc/group', 'utf8') === `${groups}later:x:5000:\n`
console.log(JSON.stringify(result))
process.exit(0)
