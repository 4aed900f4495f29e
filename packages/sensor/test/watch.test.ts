import { describe, expect, it } from 'vitest'
import { sensitivePlaces } from '../src/sensitive.ts'
import { Watch } from '../src/watch.ts'

const watch = new Watch(['/srv/work'], sensitivePlaces, [])

describe('the class of a place', () => {
  it.each([
    ['/root/.ssh/id_ed25519', 'ssh-key', 'ssh-key'],
    ['/anywhere/.ssh/authorized_keys', 'ssh-public', 'ssh-configuration'],
    ['/home/u/.ssh/known_hosts', 'ssh-public', 'ssh-configuration'],
    ['/home/u/.ssh/id_rsa.pub', 'ssh-public', 'ssh-public'],
    ['/home/u/.config/systemd/user', null, 'service'],
    ['/home/u/.zprofile', null, 'shell-startup'],
    ['/copy/id_rsa', 'ssh-key', 'ssh-key'],
    ['/id_rsa', 'ssh-key', 'ssh-key'],
    ['/etc/shadow', 'password-database', 'password-database'],
    ['/etc/passwd', null, 'password-database'],
    ['/tmp/etc/shadow', null, null],
    ['/proc/12/mem', 'process-memory', 'process-memory'],
    ['/proc/12/task/13/environ', 'process-environment', 'process-environment'],
    ['/proc/12/net/mem', null, null],
    ['/etc/systemd/system/a/b.conf', null, 'service'],
    ['/proc/sys/kernel/core_pattern', null, 'kernel-setting'],
    [
      '/run/secrets/kubernetes.io/serviceaccount/..2024/token',
      'kube-credential',
      'kube-credential',
    ],
    ['/srv/work/token', null, null],
    ['/srv/work/.git/hooks/pre-commit', null, 'git-hook'],
    ['/home/u/.docker/config.json', 'registry-credential', 'registry-credential'],
    ['/home/u/config.json', null, null],
    ['/home/u/.ssh/a\nb', 'ssh-key', 'ssh-key'],
    ['/', null, null],
    ['', null, null],
  ])('%j is %s to read, %s to write', (path, read, written) => {
    expect([watch.classify(path, false), watch.classify(path, true)]).toEqual([read, written])
  })
})

describe('the workspace', () => {
  it.each([
    ['/srv/work', true],
    ['/srv/work/a', true],
    ['/srv/workshop/a', false],
    ['/srv', false],
  ])('has %s: %s', (path, inside) => {
    expect(watch.inWorkspace(path)).toBe(inside)
  })
})

it('no workspace has nothing in it, and leaves sensitive places what they are', () => {
  const without = new Watch([], sensitivePlaces, [])
  expect(without.inWorkspace('/srv/work/a')).toBe(false)
  expect(without.names).toEqual(watch.names)
  expect(without.classify('/srv/work/.npmrc', false)).toBe('registry-credential')
})

it('every place of the list has a form that the kernel side can preselect by', () => {
  for (const { place, on } of sensitivePlaces) {
    const parts = place.split('/')
    const last = parts.at(-1) ?? ''
    const named = last === '*' ? (parts.at(-2) ?? '') : last
    // Below a directory only writes are told: a read would have to walk up the tree.
    if (last === '**') expect({ place, on }).toEqual({ place, on: 'write' })
    else expect(named, place).not.toContain('*')
  }
})
