import { describe, expect, test } from 'vitest'
import { deniedSudoers, freshNumbers, withoutMember } from '../../src/harden/accounts.ts'
import { groupNumbers } from '../../src/harden/confinement.ts'
import { clientInodes } from '../../src/harden/connections.ts'
import { listeningPorts, listeningSockets, openDoors } from '../../src/harden/engines.ts'
import { holdersOf, parseStatus, type Credentials } from '../../src/harden/holders.ts'
import { canWrite } from '../../src/harden/place-changes.ts'
import { isSure, mountRows } from '../../src/harden/suid-mounts.ts'
import { takenBack } from '../../src/harden/taken-back.ts'

const subject = { name: 'ci', uid: 1001, gid: 1001, groups: [1001, 27, 118] }
const group = 'root:x:0:\nsudo:x:27:admin,ci\ndocker:x:118:ci,other\nci:x:1001:\ndockers:x:119:ci\n'

test('sudoers says last that the account may do nothing', () => {
  const denied = '#1001 ALL=(ALL:ALL) !ALL\n'
  expect(deniedSudoers('root ALL=(ALL) ALL\n', subject)).toBe(`root ALL=(ALL) ALL\n${denied}`)
  expect(deniedSudoers('@includedir /etc/sudoers.d', subject)).toBe(
    `@includedir /etc/sudoers.d\n${denied}`,
  )
  const once = deniedSudoers('root ALL=(ALL) ALL\n', subject)
  expect(deniedSudoers(once, subject)).toBe(once)
  expect(deniedSudoers(`${once}ci ALL=(ALL) ALL\n`, subject).endsWith(denied)).toBe(true)
})

test('the account is in no group that gives root’s rights, and an engine’s group has another number', () => {
  const fresh = freshNumbers(group, subject)
  expect([...fresh]).toEqual([['docker', 59_999]])
  expect(withoutMember(group, 'ci', ['sudo', 'docker'], fresh)).toBe(
    'root:x:0:\nsudo:x:27:admin\ndocker:x:59999:other\nci:x:1001:\ndockers:x:119:ci\n',
  )
  expect(withoutMember('docker:!:ci,a:ci,b\n', 'ci', ['docker'])).toBe('docker:!:a:b\n')
  expect(freshNumbers('docker:x:118:ci\nlxd:x:1001:\nx:x:59999:\n', subject)).toEqual(
    new Map([
      ['docker', 59_998],
      ['lxd', 59_997],
    ]),
  )
})

test('groups are found by their whole name', () => {
  expect(groupNumbers(['docker', 'kvm'], group)).toEqual(new Set([118]))
})

test('listening sockets are found by their inodes, with their paths or names, connected ones are not', () => {
  const text = `Num       RefCount Protocol Flags    Type St Inode Path
00000000db65d958: 00000002 00000000 00010000 0001 01 31415 /run/docker.sock
00000000db65d959: 00000003 00000000 00000000 0001 03 31416 /run/docker.sock
00000000db65d95a: 00000002 00000000 00010000 0001 01 31417 @abstract
00000000db65d95b: 00000002 00000000 00010000 0001 01 31418 /srv/with blank.sock
`
  expect(listeningSockets(text)).toEqual(
    new Map([
      ['31415', '/run/docker.sock'],
      ['31417', '@abstract'],
      ['31418', '/srv/with blank.sock'],
    ]),
  )
  const ports = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0947 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 271828 1 0 100 0 0 10 0
   1: 0100007F:0948 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 271829 1 0 100 0 0 10 0
`
  expect(listeningPorts(ports)).toEqual(new Map([['271828', 2375]]))
})

test.each([
  ['dockerd', ['TCP port 2375', 'socket @x, which is no file']],
  ['containerd', ['socket @x, which is no file']],
  ['incusd', ['TCP port 2375']],
])('doors of %s that nothing shuts', (name, doors) => {
  const engine = { pid: 7, name, uid: 0, sockets: ['/run/x'], names: ['@x'], ports: [2375] }
  expect(openDoors([engine])).toEqual(
    doors.map((door) => `${name} (process 7) takes orders on ${door}`),
  )
})

test('clients of an engine are found by what ss prints, with and without the state', () => {
  const text = `u_str ESTAB 0      0      /var/run/docker.sock 100 * 101
u_str 0      0      /run/docker.sock 102 * 103
u_str ESTAB 0      0      /run/other.sock 104 * 105
u_str ESTAB 0      0      * 106 * 107
`
  expect(clientInodes(text, ['/run/docker.sock'])).toEqual(new Set(['101', '103']))
})

test('mounts, and whether setuid bits count on them', () => {
  const text = `1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda rw
2 1 0:2 /a\\040b /tmp\\040x rw,nosuid - tmpfs tmpfs rw
`
  expect(mountRows(text)).toEqual([
    { id: '1', path: '/', nosuid: false, what: '8:1 / ext4 /dev/sda' },
    { id: '2', path: '/tmp x', nosuid: true, what: '0:2 /a\\040b tmpfs tmpfs' },
  ])
})

test.each([
  ['one that has a number for ever', { unique: '7', what: '0:9 / fuse me' }, true],
  ['one of the same numbers, device and source', { unique: '0', what: '0:2 / tmpfs x' }, true],
  ['another device', { unique: '0', what: '0:9 / tmpfs x' }, false],
])('a mount that may get its setuid bits back: %s', (_, mount, expected) => {
  expect(isSure({ what: '0:2 / tmpfs x' }, mount)).toBe(expected)
})

test('without numbers for ever, none that an account could have mounted gets them back', () => {
  const what = '0:2 / fuse.sshfs x'
  expect(isSure({ what }, { unique: '0', what })).toBe(false)
})

describe('a change that is taken back out of a text that others have changed', () => {
  const before = 'root:x:0:\ndocker:x:4243:amy,ci\nsudo:x:27:ci\n'
  const after = 'root:x:0:\ndocker:x:59999:amy\nsudo:x:27:\n'

  test.each([
    ['another group was added', `${after}new:x:777:\n`, `${before}new:x:777:\n`],
    [
      'a group has another member',
      after.replace('amy', 'bob,amy'),
      before.replace('amy,ci', 'bob,amy,ci'),
    ],
    [
      'the member was given back, the number not',
      after.replace('59999:amy', '59999:ci,amy'),
      before.replace('amy,ci', 'ci,amy'),
    ],
    ['a group has another number', after.replace('59999', '600'), before.replace('4243', '600')],
    [
      'lines were sorted',
      after.split('\n').toSorted().join('\n'),
      before.split('\n').toSorted().join('\n'),
    ],
  ])('%s', (_, now, expected) => {
    expect(takenBack(now, before, after)).toEqual({ text: expected, stays: [] })
  })

  test('what cannot be is said: a group is gone, another one has the number', () => {
    const now = 'root:x:0:\ndocker:x:59999:amy\nnew:x:4243:\n'
    expect(takenBack(now, before, after)).toEqual({
      text: 'root:x:0:\ndocker:x:59999:amy,ci\nnew:x:4243:\n',
      stays: ['group docker stays 59999: 4243 is group new now', 'group sudo is gone'],
    })
  })

  test.each([
    ['amy', 'amy\n#7 x\n', 'amy\n#7 x\n#8 x\n', 'amy\n#8 x\n'],
    ['#7 x\nbob\n', '#7 x\nbob\n#7 x\n', '#7 x\nbob\n#7 x\ncy\n', '#7 x\nbob\ncy\n'],
    ['amy\n', 'amy\n#7 x\n', 'bob\n', 'bob\n'],
  ])('a line that was added: %j, %j, %j', (had, has, now, expected) => {
    expect(takenBack(now, had, has)).toEqual({ text: expected, stays: [] })
  })
})

test.each([
  ['its owner', { uid: 1001, gid: 0, mode: 0o400 }, true],
  ['everybody', { uid: 0, gid: 0, mode: 0o602 }, true],
  ['one of its groups', { uid: 0, gid: 118, mode: 0o660 }, true],
  ['another group', { uid: 0, gid: 5, mode: 0o660 }, false],
  ['a group that may read', { uid: 0, gid: 118, mode: 0o640 }, false],
])('who can write to a file: %s', (_, access, expected) => {
  expect(canWrite(access, subject)).toBe(expected)
})

describe('processes that hold rights', () => {
  const plain: Credentials = {
    pid: 10,
    parent: 1,
    name: 'worker',
    uids: [1001, 1001, 1001, 1001],
    gid: 1001,
    groups: [1001],
    capabilities: 0n,
    userNamespace: 'user:[1]',
    mountNamespace: 'mnt:[1]',
  }
  const root = { ...plain, uids: [0, 0, 0, 0] }
  const init = { ...root, pid: 1, parent: 0, name: 'init' }
  const agent = { ...root, pid: 21, parent: 20, name: 'runwarden' }
  const sudo = { ...root, pid: 20, parent: 10, name: 'sudo' }
  const look = (level: 'sudo' | 'sudo-and-containers', ...more: Credentials[]): string[] =>
    holdersOf(
      { level, uid: 1001, groups: new Set([6]) },
      new Map([init, plain, sudo, agent, ...more].map((one) => [one.pid, one])),
      21,
    )

  test('the agent, and what it was started by, are ours', () => {
    expect(look('sudo')).toEqual([])
  })

  test.each<[string, Partial<Credentials>, string]>([
    [
      'a root shell',
      { uids: [0, 0, 0, 0] },
      'process 30 (sh) is root, and was started by the user',
    ],
    [
      'setuid, at work',
      { uids: [1001, 0, 0, 0] },
      'process 30 (sh) is root, and was started by the user',
    ],
    ['a capability', { capabilities: 2n }, 'process 30 (sh) holds capabilities'],
    ['a group', { groups: [1001, 6] }, 'process 30 (sh) holds group 6'],
  ])('%s of the user’s is told', (_, rights, sentence) => {
    const one = { ...plain, pid: 30, parent: 10, name: 'sh', ...rights }
    expect(look('sudo', one)).toEqual([sentence])
  })

  test('the worker itself is told when it holds a group, though it started the agent', () => {
    expect(look('sudo', { ...plain, groups: [6] })).toEqual(['process 10 (worker) holds group 6'])
  })

  test('a user namespace of its own is told where containers are taken away', () => {
    const one = { ...plain, pid: 30, name: 'sh', capabilities: 1n, userNamespace: 'user:[2]' }
    expect(look('sudo', one)).toEqual([])
    expect(look('sudo-and-containers', one)).toEqual([
      'process 30 (sh) is in a user namespace of its own',
    ])
  })

  test('root’s own processes are nobody’s business', () => {
    expect(look('sudo', { ...root, pid: 40, name: 'cron' })).toEqual([])
  })

  test('the status of a process is read', () => {
    const text = `Name:\tsh\nPid:\t30\nPPid:\t10\nUid:\t1001\t1001\t0\t1001\nGid:\t5\t6\t7\t8\nGroups:\t1001 118 \nCapPrm:\t0000000000000400\n`
    expect(parseStatus(text)).toEqual({
      pid: 30,
      parent: 10,
      name: 'sh',
      uids: [1001, 1001, 0, 1001],
      gid: 6,
      groups: [1001, 118],
      capabilities: 0x400n,
    })
  })

  test('… and of one without groups', () => {
    expect(parseStatus('Groups:\t \nNStgid:\t9\t1\n').groups).toEqual([])
  })
})
