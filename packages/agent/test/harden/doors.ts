/** Runs on the stage: engines that listen where no permissions keep anybody off. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { groupsOf } from '../../src/harden/confinement.ts'
import { hardenMachine, restoreMachine } from '../../src/harden/machine.ts'
import { openRoads } from '../../src/harden/self-check.ts'
import { findAccount } from '../../src/launcher.ts'
import { makeAccount, until } from './account.ts'

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
console.log(JSON.stringify(result))
process.exit(0)
