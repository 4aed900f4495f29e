import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const packageDir = fileURLToPath(new URL('..', import.meta.url))
let built = false

/** Path of a test's BPF object, compiled from test/fixtures when that is newer. */
export function fixture(name: 'flood' | 'hooks' | 'maps' | 'refused'): string {
  if (!built) execFileSync('make', ['-s', '-C', join(packageDir, 'native'), 'fixtures'])
  built = true
  return join(packageDir, `build/fixtures/${name}.bpf.o`)
}

/** What flood.bpf.c's `flood` is told. */
export function order(options: {
  first?: number
  count: number
  bulk?: boolean | 'every second'
  discardEvery?: number
}): Buffer {
  const bytes = Buffer.alloc(24)
  bytes.writeBigUInt64LE(BigInt(options.first ?? 0), 0)
  bytes.writeBigUInt64LE(BigInt(options.count), 8)
  bytes.writeUInt32LE(options.bulk === 'every second' ? 2 : Number(options.bulk ?? false), 16)
  bytes.writeUInt32LE(options.discardEvery ?? 0, 20)
  return bytes
}

/** An own cgroup, away when it is disposed of. */
export function testCgroup(): { path: string; [Symbol.dispose](): void } {
  const mount = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[2] === 'cgroup2')?.[1]
  if (!mount) throw new Error('no cgroup2 is mounted')
  const path = mkdtempSync(join(mount, 'libbpf-test-'))
  return { path, [Symbol.dispose]: () => rmdirSync(path) }
}

/** An own bpffs, away when it is disposed of. */
export function testBpffs(): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'libbpf-test-bpffs-'))
  execFileSync('mount', ['-t', 'bpf', 'none', path])
  return {
    path,
    [Symbol.dispose]() {
      execFileSync('umount', [path])
      rmdirSync(path)
    },
  }
}

/** A number as a map keeps it. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

/** Numbers one after the other. */
export function u64s(values: readonly number[]): Buffer {
  return Buffer.concat(values.map(u64))
}

/** The numbers in a batch of flood.bpf.c's records, with the ring that each came from. */
export function* records(
  buffer: Buffer,
  bytes: number,
): Generator<{ ring: number; number: number; length: number }> {
  for (let at = 0; at < bytes;) {
    const length = buffer.readUInt32LE(at)
    yield {
      ring: buffer.readUInt32LE(at + 4),
      number: Number(buffer.readBigUInt64LE(at + 8)),
      length,
    }
    at += 8 + Math.ceil(length / 8) * 8
  }
}
