/** Runs on the stage: engines that listen where no permissions keep anybody off. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { groupsOf } from '../../src/harden/confinement.ts'
import { hardenMachine, restoreMachine } from '../../src/harden/machine.ts'
import { openRoads } from '../../src/harden/self-check.ts'
import { findAccount } from '../../src/launcher.ts'
import { makeAccount, sh, until } from './account.ts'

process.env['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin'
await makeAccount()
const record = '/var/lib/harden/record'
const result: Record<string, unknown> = {}

async function harden(): Promise<string> {
  try {
    return (await hardenMachine({ level: 'sudo', user: 'ci', record })).join('; ')
  } catch (error) {
    return String(error)
  }
}

const port = ['TCP-LISTEN:2375,bind=127.0.0.1,fork', '/proc/net/tcp', ':0947 '] as const
const asAccount = ['setpriv', '--reuid=ci', '--regid=ci', '--init-groups'] as const
for (const [name, [address, list, listens], words] of [
  ['port', port, ['env']],
  ['abstract socket', ['ABSTRACT-LISTEN:docker,fork', '/proc/net/unix', ' @docker'], ['env']],
  ['own', port, asAccount],
] as const) {
  const [file, ...args] = words
  const engine = spawn(file, [...args, '/srv/dockerd', address, 'SYSTEM:true'], { stdio: 'ignore' })
  await until(() => readFileSync(list, 'utf8').includes(listens))
  result[name] = await harden()
  const open = openRoads('sudo', { ...findAccount('ci'), groups: groupsOf('ci') })
  result[`${name} open`] = open.filter((road) => road.includes('takes orders'))
  restoreMachine(record)
  engine.kill()
  await once(engine, 'exit')
}
// A process of the account calls itself an engine, and has a link to a file of root's where it listens.
sh('touch /srv/victim && chmod 644 /srv/victim')
const listen = 'UNIX-LISTEN:/tmp/api.sock,fork'
const fake = spawn(asAccount[0], [...asAccount.slice(1), '/srv/dockerd', listen, 'SYSTEM:true'])
await until(() => existsSync('/tmp/api.sock'))
sh('rm /tmp/api.sock && ln -s /srv/victim /tmp/api.sock')
await harden()
result['victim'] = sh('stat -c %a /srv/victim').trim()
restoreMachine(record)
fake.kill()
console.log(JSON.stringify(result))
process.exit(0)
