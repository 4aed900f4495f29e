import { execFile } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { readAddress } from '@runwarden/policy'
import {
  type Connection,
  leavesNot,
  type Look,
  ObserverError,
  plainAddress,
  type ProcessRow,
  type Source,
} from './look.ts'

/** Where macOS has them. Never looked for on PATH, which the job's steps can change. */
export const macPrograms = { lsof: '/usr/sbin/lsof', ps: '/bin/ps' }

/** A machine under load answers late; one that does not in this time will not. */
const patienceMs = 15_000
/** Names of the policy are looked up anew after this. */
const namesAgeMs = 60_000

/**
 * macOS as lsof and ps show it. Untested on a real macOS machine; both programs have the same options and
 * output on Linux, where the tests run them.
 */
export class MacSource implements Source {
  readonly #programs: typeof macPrograms
  readonly #names: PolicyNames

  /** @param hosts exact names of the policy: what they lead to now is the only guess at names that there is */
  constructor(hosts: readonly string[], programs = macPrograms) {
    this.#programs = programs
    this.#names = new PolicyNames(hosts)
  }

  async look(): Promise<Look> {
    const { lsof, ps } = this.#programs
    // Connections first: whoever has one is then, most likely, still among the processes.
    const sockets = await output(lsof, ['-nP', '-iTCP', '-F', 'pPnT'])
    const time = Date.now()
    const [rows, programs] = await Promise.all([
      output(ps, ['-axww', '-o', 'pid=,ppid=,uid=,lstart=,command=']),
      output(ps, ['-axww', '-o', 'pid=,comm=']),
    ])
    return {
      time,
      connections: parseLsof(sockets),
      processes: parsePs(rows, programs),
      names: this.#names.current(),
    }
  }

  [Symbol.dispose](): void {
    // Each program ends by itself.
  }
}

/** `lsof -F pPnT`: a letter and a value a line, `p` begins a process, `f` a file of it. */
export function parseLsof(text: string): Connection[] {
  const found: Connection[] = []
  let pid = 0
  for (const line of text.split('\n')) {
    const value = line.slice(1)
    if (line.startsWith('p')) pid = Number(value)
    if (!line.startsWith('n')) continue
    const [local, remote] = value.split('->')
    const from = hostAndPort(local)
    const to = hostAndPort(remote)
    if (from === null || to === null || !Number.isInteger(pid) || leavesNot(to.address)) continue
    found.push({ pid, localAddress: from.address, localPort: from.port, ...to })
  }
  return found
}

/** `203.0.113.7:443`, `[2001:db8::7]:443`; null: it is none. */
function hostAndPort(text: string | undefined): { address: string; port: number } | null {
  const parts = /^(.+):(\d{1,5})$/.exec(text?.trim() ?? '')
  if (parts === null) return null
  const address = plainAddress(parts[1] ?? '')
  return readAddress(address) === null ? null : { address, port: Number(parts[2]) }
}

const row = /^\s*(\d+)\s+(\d+)\s+(-?\d+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/

/**
 * @param rows of `ps -o pid=,ppid=,uid=,lstart=,command=` in UTC
 * @param programs of `ps -o pid=,comm=`: a program's path has blanks as its arguments have, and stands alone here
 */
export function parsePs(rows: string, programs: string): ProcessRow[] {
  const exes = new Map<number, string>()
  for (const line of programs.split('\n')) {
    const parts = /^\s*(\d+)\s+(.*\S)\s*$/.exec(line)
    if (parts !== null) exes.set(Number(parts[1]), parts[2] ?? '')
  }
  return rows.split('\n').flatMap((line) => {
    const parts = row.exec(line)
    if (parts === null) return []
    const [, pid, parent, uid, start = '', command = ''] = parts
    const startTime = Date.parse(`${start.replaceAll(/\s+/g, ' ')} UTC`)
    if (Number.isNaN(startTime)) return []
    const exe = exes.get(Number(pid)) ?? ''
    return [
      {
        pid: Number(pid),
        parentPid: Number(parent),
        uid: Number(uid),
        startTime,
        exe,
        argv: splitCommand(command, exe),
      },
    ]
  })
}

/** The program's path may hold blanks, and is known: what follows is split at them. */
function splitCommand(command: string, exe: string): string[] {
  const begins = exe !== '' && (command === exe || command.startsWith(`${exe} `))
  const rest = (begins ? command.slice(exe.length) : command)
    .split(/\s+/)
    .filter((word) => word !== '')
  return begins ? [exe, ...rest] : rest
}

/** What a program with fixed arguments writes. lsof ends with 1 where it finds nothing, or not all. @throws ObserverError */
function output(program: string, args: readonly string[]): Promise<string> {
  // Dates in English and UTC, command lines as they are; nothing of the job's environment.
  const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_TIME: 'C', LC_CTYPE: 'UTF-8', TZ: 'UTC' }
  const options = { env, timeout: patienceMs, maxBuffer: 1 << 26, windowsHide: true }
  return new Promise((done, fail) => {
    execFile(program, args, options, (error, stdout) => {
      if (error === null || error.code === 1) done(stdout)
      else
        fail(
          new ObserverError(
            'LOOK',
            `${program} did not tell what runs and connects here: ${error.message.split('\n')[0]}`,
            'run it by hand on this machine, as the runner’s user',
            { cause: error },
          ),
        )
    })
  })
}

/** What the names of the policy lead to, as the machine's resolver has it now. */
class PolicyNames {
  readonly #hosts: readonly string[]
  #found: ReadonlyMap<string, readonly string[]> = new Map()
  #since = 0

  constructor(hosts: readonly string[]) {
    this.#hosts = hosts.slice(0, 200)
  }

  /** What is known so far; asks anew when that has grown old, and does not wait for it. */
  current(): ReadonlyMap<string, readonly string[]> {
    if (Date.now() - this.#since > namesAgeMs && this.#hosts.length > 0) {
      this.#since = Date.now()
      void this.#ask()
    }
    return this.#found
  }

  async #ask(): Promise<void> {
    const found = new Map<string, string[]>()
    for (const host of this.#hosts) {
      // A name that resolves to nothing explains no address: that is all that its failure means here.
      const answers = await lookup(host, { all: true }).catch(() => [])
      for (const { address } of answers) {
        const key = plainAddress(address)
        found.set(key, [...(found.get(key) ?? []), host])
      }
    }
    this.#found = found
  }
}
