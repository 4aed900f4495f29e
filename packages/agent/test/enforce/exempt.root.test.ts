import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { processStart } from '../../src/run-state.ts'
import type { Talker } from './net.ts'
import { policy, Rig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = new Rig()
  await rig.echo(443, 80)
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

/** Connects before it says `open`; then what it is told it sends by that connection, or does. */
const client = `
exec 3<>/dev/tcp/198.51.100.1/443
dial() { (exec 4<>/dev/tcp/198.51.100.1/80) 2>/dev/null && echo ok || echo no; }
echo open
while read -r word; do
  case $word in
    child) dial ;;
    self) { exec 4<>/dev/tcp/198.51.100.1/80; } 2>/dev/null && echo ok || echo no ;;
    exec) exec bash -c 'for _ in 1 2; do { : 4<>/dev/tcp/198.51.100.1/80; } 2>/dev/null && echo ok || echo no; read -r _; done' ;;
    *) echo "$word" >&3 2>/dev/null; read -r -t 3 answer <&3 && echo "$answer" || echo cut ;;
  esac
done`

async function start(scope: string): Promise<Talker> {
  const inside = rig.net.inside(rig.net.near, ['bash', '-c', client])
  return rig.talker(['sh', '-c', `echo $$ > ${scope}/cgroup.procs; exec "$@"`, 'sh', ...inside])
}

function nameOf({ child: { pid = 0 } }: Talker): { pid: number; start: string; name: string } {
  return { pid, start: processStart(pid) ?? '', name: 'client' }
}

function bpffs(): string {
  const path = mkdtempSync(join(tmpdir(), 'enforce-exempt-'))
  execFileSync('mount', ['-t', 'bpf', 'none', path])
  onTestFinished(() => {
    execFileSync('umount', [path])
    rmdirSync(path)
  })
  return path
}

test('a named process goes on by what it had connected, and no other does', async () => {
  const scope = rig.scope()
  const [free, bound] = [await start(scope), await start(scope)]
  for (const talker of [free, bound]) expect(await talker.ask('before')).toBe('before')
  const { enforcer } = rig.enforce(policy('block'), {
    scopeCgroup: scope,
    exempt: { cgroups: [], programs: [], processes: [nameOf(free)] },
  })
  using _ = enforcer
  expect(await free.ask('after')).toBe('after')
  expect(await bound.ask('after')).toBe('cut')
  expect(await free.ask('self')).toBe('ok')
  expect(await bound.ask('self')).toBe('no')
  // Nor does a child of it.
  expect(await free.ask('child')).toBe('no')
  expect(await free.ask('again')).toBe('again')
})

test('who connects to what a named process listened on is answered by nobody', async () => {
  const scope = rig.scope()
  const server = await rig.talker([
    'sh',
    '-c',
    `echo $$ > ${scope}/cgroup.procs; exec "$@"`,
    'sh',
    ...rig.net.inside(rig.net.near, [rig.acts.path('peer'), 'echo', '8443']),
  ])
  expect(await rig.act(null, 'tcp', '192.0.2.2', '8443')).toBe('ok')
  const { enforcer } = rig.enforce(policy('block'), {
    scopeCgroup: scope,
    exempt: { cgroups: [], programs: [], processes: [nameOf(server)] },
  })
  using _ = enforcer
  const outside = rig.fromFar('tcp', '192.0.2.2', '8443')
  // The time that it waits for an answer is over.
  expect(await outside.line()).toBe('EINPROGRESS')
})

test('a named process that runs another program is exempt no more', async () => {
  const scope = rig.scope()
  const free = await start(scope)
  const { enforcer } = rig.enforce(policy('block'), {
    scopeCgroup: scope,
    exempt: { cgroups: [], programs: [], processes: [nameOf(free)] },
  })
  using _ = enforcer
  expect(await free.ask('self')).toBe('ok')
  expect(await free.ask('exec')).toBe('no')
})

test('a process that has the number of a named one, and began at another time, is not exempt', async () => {
  const scope = rig.scope()
  const other = await start(scope)
  const { start: began, ...name } = nameOf(other)
  const { enforcer } = rig.enforce(policy('block'), {
    scopeCgroup: scope,
    exempt: { cgroups: [], programs: [], processes: [{ ...name, start: `${Number(began) - 1}` }] },
  })
  using _ = enforcer
  expect(await other.ask('after')).toBe('cut')
  expect(await other.ask('self')).toBe('no')
})

test('who is exempt stays so under the next agent, and nobody becomes so again', async () => {
  const scope = rig.scope()
  const [free, changed] = [await start(scope), await start(scope)]
  const options = {
    scopeCgroup: scope,
    pinDir: join(bpffs(), 'run'),
    exempt: { cgroups: [], programs: [], processes: [nameOf(free), nameOf(changed)] },
  }
  const { enforcer: first } = rig.enforce(policy('block'), options)
  expect(await changed.ask('self')).toBe('ok')
  first.release()
  // Nobody is there, and it is seen nevertheless.
  expect(await changed.ask('exec')).toBe('no')
  const { enforcer: second } = rig.enforce(policy('block'), options)
  using _ = second
  expect(second.adopted).toBe(true)
  expect(await changed.ask('')).toBe('no')
  expect(await free.ask('after')).toBe('after')
  expect(await free.ask('self')).toBe('ok')
})

test('the next agent may name others, who go on by what they had connected, and those that it does not name end', async () => {
  const scope = rig.scope()
  const [old, late] = [await start(scope), await start(scope)]
  const options = { scopeCgroup: scope, pinDir: join(bpffs(), 'run') }
  const naming = (...talkers: Talker[]) => ({
    ...options,
    exempt: { cgroups: [], programs: [], processes: talkers.map(nameOf) },
  })
  rig.enforce(policy('block'), naming(old)).enforcer.release()
  expect(await late.ask('self')).toBe('no')
  const { enforcer } = rig.enforce(policy('block'), naming(late))
  using _ = enforcer
  expect(await late.ask('after')).toBe('after')
  expect(await late.ask('self')).toBe('ok')
  expect(await old.ask('self')).toBe('no')
})
