import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Contender, Workload } from './contest.ts'
import { withEmptyPrograms } from './floor.ts'

const root = new URL('..', import.meta.url).pathname
const place = mkdtempSync(join(tmpdir(), 'runwarden-bench-'))
process.on('exit', () => rmSync(place, { recursive: true, force: true }))

/** Runs a command line and returns the seconds that the workload wrote down. */
async function timed(words: readonly string[], cwd: string): Promise<number> {
  const [file = '', ...args] = words
  const result = join(place, 'result')
  rmSync(result, { force: true })
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, RESULT: result },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  await once(child, 'close')
  if (child.exitCode !== 0)
    throw new Error(`${words.join(' ')} ended with ${child.exitCode ?? child.signalCode}: ${said}`)
  return Number(readFileSync(result, 'utf8'))
}

export const bare: Contender = { name: 'bare', run: ({ command, cwd }) => timed(command, cwd) }

/** Programs that do nothing, at the hooks of tier T0: what the kernel takes for being asked at all. */
export function emptyPrograms(hierarchy: string): Contender {
  return {
    name: 'empty programs',
    run: ({ command, cwd }) =>
      withEmptyPrograms(place, hierarchy, (prefix) => timed([...prefix, ...command], cwd)),
  }
}

/** Of the report of a run, for what a table says beside the times. */
interface LastRun {
  eventsLost: Record<string, number>
  armedMs: number | null
}
export const lastRun: LastRun = { eventsLost: {}, armedMs: null }

/** How the run was whose report is in this folder. */
export function healthIn(out: string): LastRun {
  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as { health: LastRun }
  return report.health
}

/** Events that a run lost, of all kinds. */
export function lostOf({ eventsLost }: LastRun): number {
  return Object.values(eventsLost).reduce((sum, one) => sum + one, 0)
}

export function runwarden(name: string, options: readonly string[]): Contender {
  return {
    name: `runwarden ${name}`,
    async run({ command, cwd }) {
      const out = join(place, 'out')
      rmSync(out, { recursive: true, force: true })
      const seconds = await timed(
        [
          `${root}node_modules/.bin/runwarden`,
          'run',
          '--quiet',
          '--out',
          out,
          ...options,
          '--',
          ...command,
        ],
        cwd,
      )
      Object.assign(lastRun, healthIn(out))
      if (lostOf(lastRun) > 0)
        console.log(`  ${name}: events lost: ${JSON.stringify(lastRun.eventsLost)}`)
      return seconds
    },
    lost: () => lostOf(lastRun),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** Resolves when the child has said the words on stdout or stderr. */
async function says(child: ChildProcess, words: string): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (data: Buffer): void => {
      said += data.toString()
      if (said.includes(words)) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', (status) =>
      reject(new Error(`${child.spawnfile} ended with ${status}: ${said}`)),
    )
  })
}

/** The same kinds of acts by bpftrace: execs, forks, ends, opens for writing and connects, printed. */
const script = `
tracepoint:sched:sched_process_exec { printf("exec %d %s\\n", pid, str(args->filename)); }
tracepoint:sched:sched_process_fork { printf("fork %d %d\\n", args->parent_pid, args->child_pid); }
tracepoint:sched:sched_process_exit { printf("exit %d\\n", pid); }
tracepoint:syscalls:sys_enter_openat /args->flags & 3/ { printf("open %d %s\\n", pid, str(args->filename)); }
tracepoint:syscalls:sys_enter_connect { printf("connect %d %d\\n", pid, args->fd); }
tracepoint:syscalls:sys_enter_unlinkat { printf("unlink %d %s\\n", pid, str(args->pathname)); }
tracepoint:syscalls:sys_enter_renameat2 { printf("rename %d %s\\n", pid, str(args->oldname)); }
BEGIN { printf("watching\\n"); }
`

export const bpftrace: Contender = {
  name: 'bpftrace',
  peer: true,
  async run({ command, cwd }: Workload) {
    const file = join(place, 'watch.bt')
    writeFileSync(file, script)
    // tracefs, which bpftrace reads its tracepoints from, may be mounted nowhere: mounted for it alone.
    const child = spawn(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        'mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing; mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug; exec bpftrace "$1"',
        'sh',
        file,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    await says(child, 'watching')
    try {
      return await timed(command, cwd)
    } finally {
      await end(child)
    }
  },
}

/** A network namespace has no audit socket of its own: auditd and auditctl speak from the machine's. */
const outside = ['nsenter', `--net=/proc/${process.env['RUNWARDEN_BENCH_INSIDE']}/ns/net`, '--']
const control = (words: string): number | null =>
  spawnSync('nsenter', [...outside.slice(1), 'auditctl', ...words.split(' ')]).status

/** auditd with rules for the same kinds of acts, everything by its own files. */
export const auditd: Contender = {
  name: 'auditd',
  peer: true,
  async run({ command, cwd }: Workload) {
    const folder = join(place, 'audit')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(
      join(folder, 'auditd.conf'),
      `log_file = ${folder}/audit.log\nlog_format = RAW\nflush = INCREMENTAL_ASYNC\nfreq = 50\nmax_log_file = 200\nnum_logs = 2\nmax_log_file_action = ROTATE\nspace_left = 75\nspace_left_action = IGNORE\nadmin_space_left = 50\nadmin_space_left_action = IGNORE\ndisk_full_action = IGNORE\ndisk_error_action = IGNORE\nlocal_events = yes\nwrite_logs = yes\n`,
      { mode: 0o640 },
    )
    const rules = [
      '-D',
      '-b 65536',
      '--backlog_wait_time 0',
      '-a always,exit -F arch=b64 -S execve,execveat',
      '-a always,exit -F arch=b64 -S connect',
      '-a always,exit -F arch=b64 -S openat -F a2&3',
      '-a always,exit -F arch=b64 -S unlinkat,renameat2,rename,unlink',
      '-e 1',
    ]
    const [file = '', ...args] = [...outside, 'auditd', '-n', '-c', folder]
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    try {
      while (
        !spawnSync('nsenter', [...outside.slice(1), 'auditctl', '-s'])
          .stdout.toString()
          .includes(`pid ${child.pid}`)
      ) {
        if (child.exitCode !== null) throw new Error('auditd does not start here')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      for (const rule of rules) if (control(rule) !== 0) throw new Error(`auditctl ${rule} failed`)
      return await timed(command, cwd)
    } finally {
      control('-D')
      control('-e 0')
      await end(child)
    }
  },
}
