import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Talker } from './net.ts'
import { policy, Rig } from './rig.ts'

let rig: Rig
beforeAll(() => {
  rig = new Rig()
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

describe.for(['audit', 'block'] as const)('the self-check in %s mode', (mode) => {
  test('sees a denial enforced and told, and leaves nothing denied', () => {
    const { enforcer } = rig.enforce(policy(mode))
    using _ = enforcer
    rig.told()
    enforcer.selfCheck(() => {
      rig.drain()
      for (const record of rig.records.splice(0)) expect(enforcer.sighted(record)).toBe(true)
    })
    enforcer.selfCheck(() => {
      rig.drain()
      for (const record of rig.records.splice(0)) enforcer.sighted(record)
    })
  })

  test('fails when the event does not arrive', () => {
    const { enforcer } = rig.enforce(policy(mode))
    using _ = enforcer
    expect(() => enforcer.selfCheck(() => {})).toThrow(
      expect.objectContaining({ code: 'ENFORCE_CHECK_UNSEEN' }),
    )
  })
})

test('lists its hooks', () => {
  const { enforcer } = rig.enforce(policy('audit'))
  using _ = enforcer
  expect(enforcer.hooks.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'cgroup_skb/egress active',
    'cgroup/sock_create active',
    'cgroup/connect4 active',
    'cgroup/connect6 active',
    'cgroup/sendmsg4 active',
    'cgroup/sendmsg6 active',
    'cgroup/recvmsg4 active',
    'cgroup/recvmsg6 active',
    'cgroup/getpeername4 active',
    'cgroup/getpeername6 active',
    'cgroup/post_bind4 active',
    'cgroup/post_bind6 active',
    'tp_btf/sys_exit (socket families) active',
  ])
})

test('a policy stays enforced when its agent is killed, until its pins are removed', async () => {
  const bpffs = mkdtempSync(join(tmpdir(), 'enforce-bpffs-'))
  execFileSync('mount', ['-t', 'bpf', 'none', bpffs])
  try {
    const scope = rig.scope()
    const holder = await Talker.open([
      process.execPath,
      join(import.meta.dirname, 'holder.ts'),
      scope,
      `${bpffs}/run`,
    ])
    expect(await rig.act(scope, 'tcp', '198.51.100.1', '443')).toBe('EPERM')
    await holder[Symbol.asyncDispose]()
    expect(holder.child.signalCode).toBe('SIGKILL')
    expect(await rig.act(scope, 'tcp', '198.51.100.1', '443')).toBe('EPERM')
    expect(await rig.act(scope, 'raw', '198.51.100.1', '443')).toBe('EPERM')
    execFileSync('rm', ['-r', `${bpffs}/run`])
    // The kernel lets go of a link some time after its last name.
    let outcome = 'EPERM'
    while (outcome === 'EPERM') outcome = await rig.act(scope, 'tcp', '198.51.100.1', '443')
    expect(outcome).toBe('ECONNREFUSED')
  } finally {
    execFileSync('umount', [bpffs])
    rmdirSync(bpffs)
  }
})

test('an enforcer that closes leaves no pins', () => {
  const bpffs = mkdtempSync(join(tmpdir(), 'enforce-bpffs-'))
  execFileSync('mount', ['-t', 'bpf', 'none', bpffs])
  try {
    const { enforcer } = rig.enforce(policy('block'), { pinDir: `${bpffs}/run` })
    expect(execFileSync('ls', [`${bpffs}/run/links`], { encoding: 'utf8' })).toContain('egress')
    enforcer.close()
    expect(existsSync(`${bpffs}/run`)).toBe(false)
  } finally {
    execFileSync('umount', [bpffs])
    rmdirSync(bpffs)
  }
})

test('a folder that is no cgroup is an error that says so', () => {
  expect(() => rig.enforce(policy('block'), { scopeCgroup: tmpdir() })).toThrow(
    expect.objectContaining({ code: 'ENFORCE_SCOPE' }),
  )
})
