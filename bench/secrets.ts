/**
 * How quickly text is looked at for secrets: MB a second of one core, of a build log and of a program's file, beside
 * `grep -F` for the same marks, which only says in which lines they are. Round by round in one run.
 *
 *   node bench/secrets.ts [ROUNDS]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Scanner } from '../packages/agent/src/secrets/scanner.ts'
import { shapes } from '../packages/agent/src/secrets/shapes.ts'
import { median } from './contest.ts'

const rounds = Number(process.argv[2] ?? 5)
const megabyte = 1 << 20
/** As files are scanned: artifact-file.ts. */
const part = 4 << 20

const place = mkdtempSync(join(tmpdir(), 'runwarden-secrets-'))
process.on('exit', () => rmSync(place, { recursive: true }))
const names = Array.from({ length: 50 }, (_, i) => `correct horse ${i}`)
const scanner = new Scanner()
scanner.know(names.map((value) => ({ name: 'bench', value, masked: false })))
const marks = join(place, 'marks')
writeFileSync(marks, [...shapes.flatMap((shape) => shape.marks), ...names].join('\n'))

/** Lines as package managers and compilers write them, with a digest in every fourth. */
function buildLog(): string {
  const lines = Array.from({ length: 200_000 }, (_, i) =>
    i % 4 === 0
      ? `npm http fetch GET 200 https://registry.example.org/package-${i} ${i % 90}ms sha1-${(i * 2654435761).toString(16).padStart(40, '0')}`
      : `src/module-${i % 500}/part-${i}.c:${i % 4000}:12: warning: unused variable 'value_${i}' [-Wunused-variable]`,
  )
  return `${lines.join('\n')}\n`
}

/** Seconds of the processor. */
function scanned(text: string): number {
  const since = process.threadCpuUsage()
  for (let at = 0; at < text.length; at += part) scanner.scan(text.slice(at, at + part), Date.now())
  const { user, system } = process.threadCpuUsage(since)
  return (user + system) / 1e6
}

function grepped(file: string): number {
  const command = 'TIMEFORMAT="%U %S"; time grep -a -c -F -f "$0" "$1"'
  const { stderr } = spawnSync('bash', ['-c', command, marks, file], { encoding: 'utf8' })
  const times = stderr.trim().split('\n').at(-1)?.split(' ').map(Number)
  return (times?.[0] ?? NaN) + (times?.[1] ?? NaN)
}

for (const [name, content] of [
  ['a build log', buildLog()],
  ["node's own file", readFileSync(process.execPath).toString('latin1')],
] as const) {
  const file = join(place, 'file')
  writeFileSync(file, content, 'latin1')
  const rates: { ours: number; grep: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    const rate = {
      ours: content.length / megabyte / scanned(content),
      grep: content.length / megabyte / grepped(file),
    }
    if (round > 0) rates.push(rate)
  }
  const ours = median(rates.map((rate) => rate.ours))
  const grep = median(rates.map((rate) => rate.grep))
  console.log(
    `secrets: ${name}: ${ours.toFixed(0)} MB/s of one core; grep -F for the marks alone: ${grep.toFixed(0)} MB/s; ratio ${median(rates.map((rate) => rate.grep / rate.ours)).toFixed(1)}`,
  )
}
