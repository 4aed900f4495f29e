import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import {
  type Connection,
  leavesNot,
  type Look,
  ObserverError,
  plainAddress,
  type ProcessRow,
  type Source,
} from './look.ts'

/** A machine under load answers late; PowerShell loads its modules for the first answer. */
const patienceMs = 60_000

/**
 * One look a line, asked for by a line. Times as ISO 8601 and states as words: how PowerShell 5.1 writes both
 * by itself in JSON differs from 7. Ends with its input, so with whoever asked.
 */
const script = String.raw`
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false
while ($null -ne [Console]::In.ReadLine()) {
  try {
    $connections = @(Get-NetTCPConnection | Where-Object { $_.OwningProcess -ne 0 -and "$($_.State)" -notin 'Listen', 'Bound' } |
      Select-Object LocalAddress, LocalPort, RemoteAddress, RemotePort, OwningProcess)
    $processes = @(Get-CimInstance Win32_Process |
      Select-Object ProcessId, ParentProcessId, ExecutablePath, Name, CommandLine,
        @{ n = 'Created'; e = { if ($_.CreationDate) { $_.CreationDate.ToUniversalTime().ToString('o') } } })
    $names = @(Get-DnsClientCache -ErrorAction SilentlyContinue |
      Where-Object { "$($_.Type)" -in '1', '28', 'A', 'AAAA' } | Select-Object Entry, Data)
    $look = @{ connections = $connections; processes = $processes; names = $names }
  } catch {
    $look = @{ error = "$_" }
  }
  [Console]::Out.WriteLine((ConvertTo-Json -InputObject $look -Depth 3 -Compress))
}`

/** Windows as PowerShell shows it: one process that is asked each time. Untested on a real Windows machine. */
export class WindowsSource implements Source {
  readonly #shell: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: Interface
  readonly #answers: AsyncIterator<string>
  #failed: Error | undefined

  /** @param systemRoot the folder of Windows, as the runner's service has it */
  constructor(
    systemRoot: string,
    program = `${systemRoot}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`,
  ) {
    const encoded = Buffer.from(script, 'utf16le').toString('base64')
    this.#shell = spawn(
      program,
      ['-NoLogo', '-NoProfile', '-NonInteractive', '-EncodedCommand', encoded],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
        windowsHide: true,
        // It keeps files of its own in TEMP.
        env: { SystemRoot: systemRoot, TEMP: process.env['TEMP'] ?? `${systemRoot}\\Temp` },
      },
    )
    this.#shell.on('error', (error) => (this.#failed = error))
    this.#shell.stdin.on('error', (error) => (this.#failed = error))
    this.#lines = createInterface({ input: this.#shell.stdout })
    this.#answers = this.#lines[Symbol.asyncIterator]()
  }

  async look(): Promise<Look> {
    const time = Date.now()
    this.#shell.stdin.write('\n')
    const late = AbortSignal.timeout(patienceMs)
    const answer = await Promise.race([
      this.#answers.next(),
      new Promise<null>((done) => late.addEventListener('abort', () => done(null), { once: true })),
    ])
    if (answer === null) throw this.#error(`no answer in ${patienceMs / 1_000} s`)
    if (answer.done === true) throw this.#error(this.#failed?.message ?? 'it has ended')
    return parseWindows(answer.value, time)
  }

  #error(why: string): ObserverError {
    return notTold(why, { cause: this.#failed })
  }

  [Symbol.dispose](): void {
    this.#lines.close()
    this.#shell.stdin.end()
    this.#shell.kill()
  }
}

function notTold(why: string, options?: ErrorOptions): ObserverError {
  return new ObserverError(
    'LOOK',
    `PowerShell did not tell what runs and connects here: ${why}`,
    'run Get-NetTCPConnection and Get-CimInstance Win32_Process by hand on this machine, as the runner’s user',
    options,
  )
}

/** One line of the script's output. What it does not have as expected is left out. @throws ObserverError */
export function parseWindows(line: string, time: number): Look {
  const look = readJson(line)
  if (typeof look['error'] === 'string') throw notTold(look['error'])
  if (!Array.isArray(look['processes']) || !Array.isArray(look['connections']))
    throw notTold('it lists no processes or no connections')
  return {
    time,
    processes: look['processes'].flatMap(processOf),
    connections: look['connections'].flatMap(connectionOf),
    names: namesOf(Array.isArray(look['names']) ? look['names'] : []),
  }
}

function readJson(line: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(line.replace(/^\uFEFF/, '')))
  } catch (error) {
    throw notTold('what it wrote is no JSON', { cause: error })
  }
}

function processOf(value: unknown): ProcessRow[] {
  const { ProcessId: pid, ParentProcessId: parent, Created, ...row } = recordOf(value)
  const startTime = typeof Created === 'string' ? Date.parse(Created) : Number.NaN
  // The system's idle process (0) has no start, and starts nothing.
  if (typeof pid !== 'number' || typeof parent !== 'number' || Number.isNaN(startTime)) return []
  // Programs of other users show their name alone.
  const exe = textOf(row['ExecutablePath']) || textOf(row['Name'])
  const command = textOf(row['CommandLine'])
  return [
    {
      pid,
      parentPid: parent,
      uid: -1,
      startTime,
      exe,
      argv: command === '' ? [exe] : splitQuoted(command),
    },
  ]
}

function connectionOf(value: unknown): Connection[] {
  const { OwningProcess: pid, LocalPort, RemotePort, ...addresses } = recordOf(value)
  const address = plainAddress(textOf(addresses['RemoteAddress']))
  if (typeof pid !== 'number' || typeof LocalPort !== 'number' || typeof RemotePort !== 'number')
    return []
  if (RemotePort === 0 || leavesNot(address)) return []
  const localAddress = plainAddress(textOf(addresses['LocalAddress']))
  return [{ pid, localAddress, localPort: LocalPort, address, port: RemotePort }]
}

function namesOf(entries: readonly unknown[]): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const entry of entries.map(recordOf)) {
    const name = textOf(entry['Entry']).toLowerCase()
    const address = plainAddress(textOf(entry['Data']))
    if (name === '' || leavesNot(address)) continue
    const known = names.get(address) ?? []
    if (!known.includes(name)) names.set(address, [...known, name])
  }
  return names
}

/** A command line of Windows is one text: quotes hold blanks together. */
function splitQuoted(command: string): string[] {
  return Array.from(command.matchAll(/(?:"[^"]*"?|[^\s"])+/g), ([word]) => word.replaceAll('"', ''))
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
