import { once } from 'node:events'
import { mkdtempSync, readFileSync, chmodSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { groupsOf, planConfinement, requireConfined } from '../../src/harden/confinement.ts'
import type { Level } from '../../src/harden/roads.ts'
import { findAccount, launch } from '../../src/launcher.ts'

// What differs between kernels and architectures: the rest is tried on the stage (confined.root.test.ts).

let folder: string
const path = process.env['PATH']
beforeEach(() => {
  process.env['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin'
  folder = mkdtempSync(join(tmpdir(), 'runwarden-confine-'))
  chmodSync(folder, 0o777)
})
afterEach(() => {
  process.env['PATH'] = path
  rmSync(folder, { recursive: true })
})

async function confined(level: Level, script: string): Promise<string> {
  const account = { ...findAccount('nobody'), groups: groupsOf('nobody') }
  const confinement = planConfinement(level, account)
  requireConfined(confinement)
  const child = launch({
    command: ['sh', '-c', `exec >'${folder}/said' 2>&1; ${script}`],
    user: 'nobody',
    dropNetRaw: true,
    confinement,
  })
  await once(child, 'exit')
  return readFileSync(join(folder, 'said'), 'utf8')
}

test('no privilege is left, and none can come', async () => {
  const status = await confined('sudo', 'cat /proc/self/status')
  expect(status).toMatch(/^NoNewPrivs:\t1$/m)
  expect(status).toMatch(/^Seccomp:\t2$/m)
  expect(status.match(/^Cap.*$/gm)).toEqual(
    ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map((set) => `Cap${set}:\t0000000000000000`),
  )
})

test('every mount is nosuid, and every user has its own number', async () => {
  const said = await confined('sudo', 'cat /proc/self/mountinfo; echo; cat /proc/self/uid_map')
  const [mounts = '', map = ''] = said.split('\n\n')
  expect(mounts.split('\n').filter((line) => !/^(?:\S+ ){5}\S*nosuid/.test(line))).toEqual([])
  expect(map.trim().split(/\s+/)).toEqual(['0', '0', '4294967295'])
})

test('user namespaces are allowed with disable-sudo, and not with containers', async () => {
  expect(await confined('sudo', 'unshare -U true && echo made')).toBe('made\n')
  expect(await confined('sudo-and-containers', 'unshare -U true && echo made')).not.toContain(
    'made',
  )
})

test('the limit of user namespaces is the confinement’s own', async () => {
  const limit = '/proc/sys/user/max_user_namespaces'
  const before = readFileSync(limit, 'utf8')
  expect(await confined('sudo-and-containers', `cat ${limit}`)).toBe('0\n')
  expect(readFileSync(limit, 'utf8')).toBe(before)
})

test('processes outside are out of reach', async () => {
  const said = await confined('sudo', `cat /proc/${process.pid}/environ && echo read; echo end`)
  expect(said).not.toContain('read\n')
  expect(said).toMatch(/end\n$/)
})
