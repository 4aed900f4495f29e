import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place[Symbol.dispose]())

/** A command of which one sees whether it ran. */
const leavesMark = ['sh', '-c', 'echo ran > mark']

describe('the exit status is the command’s', () => {
  test.for([
    ['0', ['true'], 0],
    ['its own', ['sh', '-c', 'exit 7'], 7],
    ['125, when that is its own', ['sh', '-c', 'exit 125'], 125],
    ['128+9 when SIGKILL ended it', ['sh', '-c', 'kill -KILL $$'], 137],
    ['128+15 when SIGTERM ended it', ['sh', '-c', 'kill -TERM $$'], 143],
    ['128+11 when SIGSEGV ended it', ['sh', '-c', 'kill -SEGV $$'], 139],
    ['128+34 when a real-time signal ended it', ['sh', '-c', 'kill -34 $$'], 162],
    ['128+64 when the last of them did', ['sh', '-c', 'kill -64 $$'], 192],
    ['127 when it is not found', ['no-such-command'], 127],
    ['127 when its path is not found', ['/no/such/command'], 127],
    ['126 when it is not executable', ['/etc/passwd'], 126],
    ['126 when it is a folder', ['/etc'], 126],
    ['127 when it looks like an option', ['-x'], 127],
  ] as const)('%s', async ([, command, expected]) => {
    const { status } = await place.run(['--', ...command])
    expect(status).toBe(expected)
    const report = place.report()
    expect({
      protection: report.protection,
      exitStatus: report.exitStatus,
      command: report.command,
    }).toEqual({
      protection: 'armed',
      exitStatus: expected,
      command,
    })
  })
})

test.for([
  ['no-such-command', 'no-such-command: command not found'],
  ['/no/such/command', '/no/such/command: No such file or directory'],
  ['./script', './script: the program that should run it (its #! line or its loader) is not there'],
] as const)('why %s was not run is said', async ([command, says]) => {
  writeFileSync(place.at('script'), '#!/no/such/interpreter\n', { mode: 0o755 })
  const { status, stderr } = await place.run(['--quiet', command])
  expect(status).toBe(127)
  expect(stderr).toBe(`${says}\n`)
})

describe('125 before the command starts, with what is wrong and what to do', () => {
  const document = 'version: 1\negress: block\nallow:\n  - "*.example.org:70000"\n'

  test.for<[string, string[], string[]]>([
    [
      'an invalid endpoint',
      ['--allow', 'good.example.org\nexample.org:https'],
      ['--allow:2:', 'example.org:https'],
    ],
    [
      'an invalid endpoint of several options',
      ['--allow', 'a.example.org', '--allow', 'b.example.org:0'],
      ['--allow (2):1:', 'b.example.org:0'],
    ],
    [
      'an invalid policy',
      ['--policy', 'policy.yml'],
      ['policy.yml:4:', '*.example.org:70000', '65535'],
    ],
    ['a policy with an unknown key', ['--policy', 'key.yml'], ['key.yml:2:', 'egres', 'egress']],
    ['a policy that is not there', ['--policy', 'none.yml'], ['none.yml', 'ENOENT']],
    ['a policy that is a folder', ['--policy', '.'], ['EISDIR']],
    ['an invalid block list', ['--block-list', 'list.json'], ['list.json:']],
    ['an unknown option', ['--alow', 'x'], ["'--alow'", '--allow']],
    ['an unknown choice', ['--egress', 'blok'], ["'blok'", 'audit, block', 'block?']],
    ['a missing value', ['--policy'], ['--policy', 'FILE']],
    ['an unknown user', ['--user', 'no-such-user'], ["'no-such-user'"]],
    [
      'an unknown user, though fail-mode is open',
      ['--fail-mode', 'open', '--user', 'no-such-user'],
      ["'no-such-user'"],
    ],
  ])('%s', async ([, options, texts]) => {
    writeFileSync(place.at('policy.yml'), document)
    writeFileSync(place.at('key.yml'), 'version: 1\negres: block\n')
    writeFileSync(place.at('list.json'), '{"domains": [')
    const missingValue = options.at(-1) === '--policy'
    const { status, stdout, stderr } = await place.run([
      ...options,
      ...(missingValue ? [] : ['--', ...leavesMark]),
    ])
    for (const text of texts) expect(stderr).toContain(text)
    expect(stderr).not.toContain('    at ')
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' })
    expect(() => place.report()).toThrow('ENOENT')
    expect((await place.exec('cat', ['mark'])).status).toBe(1)
  })

  test('no command', async () => {
    const { status, stderr } = await place.run([])
    expect(stderr).toContain('run needs a command')
    expect(status).toBe(125)
  })
})

describe('a machine that cannot protect', () => {
  /** Each runs `runwarden` with one thing taken away, in namespaces of its own. */
  const machines: [string, string[], string, string][] = [
    [
      'root without capabilities',
      ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'],
      'missing CAP_SYS_ADMIN',
      'run as root',
    ],
    [
      'without CAP_NET_ADMIN',
      ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin', '--'],
      'missing CAP_NET_ADMIN',
      'run as root',
    ],
    [
      'without BTF',
      ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', 'sh'],
      'no /sys/kernel/btf/vmlinux',
      'CONFIG_DEBUG_INFO_BTF=y',
    ],
    [
      '/run is read-only',
      ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs -o ro none /run && exec "$@"', 'sh'],
      '/run/runwarden',
      'make /run writable',
    ],
  ]

  test.for(machines)(
    '%s: 125, one line what is missing, one line what to do',
    async ([, [file = '', ...enter], missing, advice]) => {
      const { status, stdout, stderr } = await place.exec(file, [
        ...enter,
        runwarden,
        'run',
        '--out',
        '/dev/null/out',
        '--fail-mode',
        'closed',
        '--',
        ...leavesMark,
      ])
      const lines = stderr
        .split('\n')
        .filter((line) => line !== '' && !line.includes('RECORD INCOMPLETE'))
      expect(lines).toHaveLength(2)
      expect(lines[0]).toContain(missing)
      expect(lines[1]).toContain(advice)
      expect({ status, stdout }).toEqual({ status: 125, stdout: '' })
      expect((await place.exec('cat', ['mark'])).status).toBe(1)
    },
  )

  test('fail-mode open: the command runs, loudly marked unprotected', async () => {
    const [, [file = '', ...enter]] = machines[2] ?? ['', []]
    const { status, stdout, stderr } = await place.exec(file, [
      ...enter,
      runwarden,
      'run',
      '--out',
      place.out,
      '--fail-mode',
      'open',
      '--egress',
      'block',
      '--',
      'sh',
      '-c',
      'echo ran; exit 3',
    ])
    expect({ status, stdout }).toEqual({ status: 3, stdout: 'ran\n' })
    expect(stderr).toContain('NOT PROTECTED: no /sys/kernel/btf/vmlinux')
    const report = place.report()
    expect(report.protection).toBe('unprotected')
    expect(report.health.gaps.join()).toContain('nothing was watched or stopped')
    expect(report.exitStatus).toBe(3)
  })

  test('fail-mode open with --user: that user’s, not root’s', async () => {
    const [, [file = '', ...enter]] = machines[2] ?? ['', []]
    const { stdout } = await place.exec(file, [
      ...enter,
      runwarden,
      'run',
      '--quiet',
      '--out',
      place.out,
      '--fail-mode',
      'open',
      '--user',
      'nobody',
      '--',
      'id',
      '-un',
    ])
    expect(stdout).toBe('nobody\n')
  })

  test('cgroup v2 mounted nowhere, or hidden by a fresh /sys as `ip netns exec` does: mounts it for itself', async () => {
    const hide = 'mount -t sysfs none /sys && ip link set lo up && exec "$@"'
    const { status, stderr } = await place.exec('unshare', [
      '-m',
      '-n',
      'sh',
      '-c',
      hide,
      'sh',
      runwarden,
      'run',
      '--out',
      place.out,
      '--',
      'sh',
      '-c',
      'exit 4',
    ])
    expect({ status, stderr }).toEqual({ status: 4, stderr: expect.stringContaining('exit 4') })
    expect(place.report().protection).toBe('armed')
  })
})

describe('--fail-on', () => {
  /** In a network without a way out, where every attempt fails at once whatever policy says. */
  const enter = ['-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
  const attempt = ['bash', '-c', '(exec 3<>/dev/tcp/198.51.100.99/81); exit 5']

  test.for([
    ['blocked', 'block', 86],
    ['blocked', 'audit', 5],
    ['detection', 'block', 86],
    ['detection', 'audit', 5],
  ] as const)('%s in %s mode ends with %i', async ([what, egress, expected]) => {
    const { status } = await place.exec('unshare', [
      ...enter,
      runwarden,
      'run',
      '--out',
      place.out,
      '--egress',
      egress,
      '--fail-on',
      what,
      '--',
      ...attempt,
    ])
    expect(status).toBe(expected)
    expect(
      place.report().destinations.map(({ verdict, address }) => `${verdict} ${address}`),
    ).toEqual([`${egress === 'block' ? 'blocked' : 'would-block'} 198.51.100.99`])
  })

  test('blocked: nothing was, so the command’s own', async () => {
    const { status } = await place.run([
      '--egress',
      'block',
      '--fail-on',
      'blocked',
      '--',
      'sh',
      '-c',
      'exit 6',
    ])
    expect(status).toBe(6)
  })
})

test('an option of the command is not ours, and -- ends our options', async () => {
  mkdirSync(place.at('work'))
  const { stdout, status } = await place.run(['--quiet', 'echo', '--quiet', '--', '--policy'])
  expect({ stdout, status }).toEqual({ stdout: '--quiet -- --policy\n', status: 0 })
})
