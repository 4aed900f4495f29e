import { randomBytes } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tracesOf } from './traces.ts'
import { gather, Place, runwarden, until } from './runwarden.ts'

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place[Symbol.dispose]())

/** A word for a shell. */
const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`

describe('standard streams are the command’s own', () => {
  test('binary data of many pipe buffers goes through whole', async () => {
    writeFileSync(place.at('data'), randomBytes(8 << 20))
    const { status, stderr } = await place.exec('bash', [
      '-c',
      `cat data | ${runwarden} run --quiet --out out -- sh -c 'cat; exit 3' | cmp - data; exit "\${PIPESTATUS[1]}\${PIPESTATUS[2]}"`,
    ])
    expect({ status, stderr }).toEqual({ status: 30, stderr: '' })
  })

  test('pipes stay blocking: a slow reader and a slow writer lose nothing', async () => {
    const flags = `grep -h flags /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2 >flags`
    const { status, stdout } = await place.exec('bash', [
      '-c',
      `(sleep 0.3; echo late) | ${runwarden} run --quiet --out out -- bash -c '${flags}; read -r line; echo $line; head -c 1000000 /dev/zero' 2> >(cat >&2) | (sleep 0.3; wc -c)`,
    ])
    expect({ status, stdout: stdout.trim() }).toEqual({
      status: 0,
      stdout: String(1_000_000 + 'late\n'.length),
    })
    const nonBlocking = 0o4000
    for (const line of readFileSync(place.at('flags'), 'utf8').trim().split('\n')) {
      expect(Number.parseInt(line.split(/\s+/)[1] ?? '', 8) & nonBlocking).toBe(0)
    }
  })

  test('stdout and stderr are not mixed, and ours is on stderr only', async () => {
    const { stdout, stderr } = await place.run(['--', 'sh', '-c', 'echo out; echo error >&2'])
    expect(stdout).toBe('out\n')
    expect(stderr.startsWith('error\n')).toBe(true)
    expect(stderr).toContain('Runwarden')
  })

  test('--quiet says nothing when nothing is wrong', async () => {
    expect(await place.run(['--quiet', '--', 'echo', 'out'])).toMatchObject({
      stdout: 'out\n',
      stderr: '',
    })
  })

  test('a reader that goes away ends the command by SIGPIPE, as without us', async () => {
    const { stdout } = await place.exec('bash', [
      '-c',
      `${runwarden} run --quiet --out out -- yes | head -1; echo "\${PIPESTATUS[0]}"`,
    ])
    expect(stdout).toBe('y\n141\n')
  })

  test('closed streams are no reason to fail', async () => {
    const { stdout } = await place.exec('bash', [
      '-c',
      `${runwarden} run --out out -- sh -c 'echo ran >ran; exit 5' <&- 2>&-; echo $?; cat ran`,
    ])
    expect(stdout).toBe('5\nran\n')
  })

  test('the environment is handed on as it is, names that are no shell names included', async () => {
    const { stdout } = await place.run(['--quiet', '--', 'env', '-0'], {
      env: {
        'INPUT_NODE-VERSION': '24',
        'BASH_FUNC_f%%': '() { echo f; }',
        EMPTY: '',
        LINES_: 'a\nb',
      },
    })
    const seen = stdout.split('\0')
    for (const entry of [
      'INPUT_NODE-VERSION=24',
      'BASH_FUNC_f%%=() { echo f; }',
      'EMPTY=',
      'LINES_=a\nb',
    ])
      expect(seen).toContain(entry)
    expect(stdout.toLowerCase()).not.toContain('runwarden_')
  })
})

/** Runs a shell line at a pseudo-terminal. */
const atTerminal = (line: string) => place.spawn('script', ['-qefc', line, '/dev/null'])

describe('a terminal is the command’s own', () => {
  test('it is one to the command, with its size and settings', async () => {
    const child = atTerminal(
      `stty cols 123 rows 45; ${runwarden} run --quiet --out out -- sh -c 'test -t 0 && test -t 1 && test -t 2 && stty size && tty'`,
    )
    child.stdin?.end()
    const { status, stdout } = await gather(child)
    expect(stdout).toMatch(/^45 123\r\n\/dev\/pts\/\d+\r\n/)
    expect(status).toBe(0)
  })

  test('^C reaches the command once, and runwarden ends as it does', async () => {
    const job =
      'n=0; hit() { n=$((n+1)); }; end() { echo caught $n; exit 9; }; trap hit INT; trap end USR1; echo ready; until [ -e go ]; do sleep 0.02; done; kill -USR1 $$; sleep 1'
    const child = atTerminal(`exec ${runwarden} run --quiet --out out -- bash -c ${quoted(job)}`)
    const ended = gather(child)
    let said = ''
    child.stdout?.on('data', (text: string) => (said += text))
    await until(() => said.includes('ready'))
    child.stdin?.write('\u0003')
    await until(() => said.includes('^C'))
    writeFileSync(place.at('go'), '')
    const { status, stdout } = await ended
    expect(stdout).toContain('caught 1')
    expect(status).toBe(9)
  })

  test('the summary has colours there, and none with NO_COLOR', async () => {
    for (const [prefix, coloured] of [
      ['', true],
      ['NO_COLOR=1 ', false],
    ] as const) {
      const child = atTerminal(`${prefix}${runwarden} run --out out -- true`)
      child.stdin?.end()
      const { stdout } = await gather(child)
      expect(stdout).toContain('Runwarden')
      expect(stdout.includes('\u001b[')).toBe(coloured)
    }
  })
})

test.for(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
  '%s to runwarden reaches the command',
  async (signal) => {
    const name = signal.slice(3)
    const child = place.spawn(runwarden, [
      'run',
      '--quiet',
      '--out',
      place.out,
      '--',
      'bash',
      '-c',
      `trap 'echo got ${name}; exit 21' ${name}; echo ready; while :; do sleep 0.02; done`,
    ])
    const ended = gather(child)
    let said = ''
    child.stdout?.on('data', (text: string) => (said += text))
    await until(() => said.includes('ready'))
    child.kill(signal)
    expect(await ended).toMatchObject({ status: 21, stdout: `ready\ngot ${name}\n` })
  },
)

describe('--user', () => {
  test('has that user’s ids, groups, home and name, and no capability', async () => {
    const script =
      'id -u; id -g; id -G; echo "$HOME $USER $LOGNAME"; grep -E "Cap(Eff|Prm|Inh)" /proc/self/status | tr -d "\\t\\n"'
    const { stdout } = await place.run(['--quiet', '--user', 'daemon', '--', 'sh', '-c', script])
    const { stdout: groups } = await place.exec('id', ['-G', 'daemon'])
    expect(stdout.split('\n')).toEqual([
      '1',
      '1',
      groups.trim(),
      '/usr/sbin daemon daemon',
      expect.stringMatching(/^(Cap(Eff|Prm|Inh):0{16}){3}$/),
    ])
    const shell = place.eventsOf('process.exec').find(({ argv }) => argv[0] === 'sh')
    expect(shell?.uid).toBe(1)
  })

  test('in block mode, too; the record in its own folder it can clean up', async () => {
    chmodSync(place.path, 0o755)
    mkdirSync(place.at('own'))
    chownSync(place.at('own'), 65_534, 65_534)
    const { stdout, status } = await place.exec(runwarden, [
      'run',
      '--out',
      'own/report',
      '--quiet',
      '--egress',
      'block',
      '--user',
      'nobody',
      '--',
      'id',
      '-un',
    ])
    expect({ stdout, status }).toEqual({ stdout: 'nobody\n', status: 0 })
    expect(place.report(place.at('own/report')).egress).toBe('block')
    execFileSync('rm', ['-r', 'report'], { cwd: place.at('own'), uid: 65_534, gid: 65_534 })
  })
})

test('--step names the step in every event and in the report', async () => {
  await place.run(['--quiet', '--step', 'Build & test', '--', 'sh', '-c', 'true'])
  expect(place.report().steps).toEqual([{ id: 'Build & test', name: 'Build & test' }])
  expect(new Set(place.events().map(({ step }) => step))).toEqual(new Set(['Build & test']))
})

test('the first program seen is the command itself', async () => {
  await place.run(['--quiet', '--', 'sh', '-c', '/bin/true'])
  expect(place.eventsOf('process.exec').map(({ argv }) => argv)).toEqual([
    ['sh', '-c', '/bin/true'],
    ['/bin/true'],
  ])
})

describe('processes that outlive the command', () => {
  test('are reported, and ended with SIGTERM', async () => {
    const job = `sh -c 'trap "echo ended >ended; exit" TERM; echo >ready; while :; do sleep 0.02; done' & until [ -e ready ]; do sleep 0.02; done; exit 4`
    const { status } = await place.run(['--quiet', '--', 'sh', '-c', job])
    expect(status).toBe(4)
    expect(readFileSync(place.at('ended'), 'utf8')).toBe('ended\n')
    const { leftOver, processes } = place.report()
    expect(leftOver.map(({ ended, exe }) => [ended, exe.split('/').at(-1)])).toContainEqual([
      true,
      'dash',
    ])
    // Each is known, also one that was made a moment ago: it may be no other program than its parent yet, and so in no tree.
    expect(leftOver.map(({ execId }) => execId)).not.toContain(null)
    const inTree = leftOver.filter((left) => processes.some(({ execId }) => execId === left.execId))
    expect(inTree.map(({ exe }) => exe.split('/').at(-1))).toContain('dash')
  })

  test('and killed when they ignore that', async () => {
    const mark = `outlives-${process.pid}`
    const child = place.spawn(
      runwarden,
      [
        'run',
        '--quiet',
        '--out',
        place.out,
        '--',
        'sh',
        '-c',
        `sh -c 'trap "" TERM; echo >ready; while :; do sleep 0.02; done' & until [ -e ready ]; do sleep 0.02; done`,
      ],
      { env: { RUNWARDEN_TEST: mark } },
    )
    expect(await gather(child)).toMatchObject({ status: 0 })
    expect(tracesOf(child.pid ?? 0, mark)).toEqual([])
  })

  test('--background keep: go on under the policy; a later start cleans up after their end', async () => {
    // A /run of the test's own: other runs of this machine would clean up what this test looks for.
    const holder = place.spawn('unshare', [
      '--mount',
      '--propagation',
      'slave',
      'sh',
      '-c',
      'mount -t tmpfs none /run && echo ready && exec cat',
    ])
    const holderEnded = once(holder, 'exit')
    await once(holder.stdout ?? holder, 'data')
    const enter = [`--mount=/proc/${holder.pid}/ns/mnt`, `--wdns=${place.path}`]
    mkdirSync(place.at('work'))
    const job = `bash -c 'until [ -e go ]; do sleep 0.02; done; (exec 3<>/dev/tcp/198.51.100.99/81) 2>said; echo done >done; exec sleep 1000' <&- >&- 2>&- & exit 6`
    const kept = await place.exec('nsenter', [
      ...enter,
      runwarden,
      'run',
      '--quiet',
      '--egress',
      'block',
      '--background',
      'keep',
      '--out',
      place.out,
      '--',
      'bash',
      '-c',
      job,
    ])
    expect(kept).toMatchObject({
      status: 6,
      stderr: expect.stringContaining(
        'processes of the command go on; their policy stays enforced',
      ),
    })
    expect(place.report().leftOver.map(({ ended }) => ended)).toContain(false)
    writeFileSync(place.at('go'), '')
    await until(() => existsSync(place.at('done')))
    expect(readFileSync(place.at('said'), 'utf8')).toContain('Operation not permitted')

    const again = async (): Promise<string> =>
      (
        await place.exec('nsenter', [
          ...enter,
          runwarden,
          'run',
          '--quiet',
          '--out',
          place.at('again'),
          '--',
          'true',
        ])
      ).stderr
    const while_ = await again()
    const pids = /processes ([\d, ]+)/.exec(while_)?.[1]?.split(', ').map(Number) ?? []
    expect(while_).toContain('policy stays enforced on processes')
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)))
    expect(await again()).toContain('cleaned up after run')
    expect(await again()).toBe('')
    holder.stdin?.end()
    await holderEnded
  })
})
