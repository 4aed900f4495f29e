import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { planProbes } from '../../../../sensor/src/tls/probes.ts'
import { returnsOf } from '../../../../sensor/src/tls/returns.ts'
import { UnreadableFile } from '../../../../sensor/src/tls/window.ts'
import { must, order, type Target } from '../target.ts'

const folder = mkdtempSync(join(tmpdir(), 'runwarden-fuzz-elf-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'file')

interface Part {
  name: string
  type: number
  link?: number
  bytes: Buffer
}

function u32s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, i * 4)
  return bytes
}

function u64s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [i, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), i * 8)
  return bytes
}

const codeAt = 64 + 56

/** A whole file of this machine's kind, whose only segment is mapped where it is in the file. */
function elf(parts: readonly Part[]): Buffer {
  const code = Buffer.from('554889e5b801000000c30f1f4000f30f1efa31c0c3'.repeat(4), 'hex')
  const all = [{ name: '', type: 0, bytes: Buffer.alloc(0) }, ...parts]
  const names = Buffer.from(`${all.map(({ name }) => name).join('\0')}\0.shstrtab\0`)
  all.push({ name: '.shstrtab', type: 3, bytes: names })
  let at = codeAt + code.length
  const heads = all.map(({ name, type, link = 0, bytes }) => {
    const named = name === '' ? 0 : names.indexOf(`\0${name}\0`) + 1
    const head = [u32s(named, type), u64s(0, at, at, bytes.length), u32s(link, 0), Buffer.alloc(16)]
    at += bytes.length
    return Buffer.concat(head)
  })
  const header = Buffer.alloc(64)
  Buffer.from('7f454c46020101', 'hex').copy(header)
  header.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, 18)
  header.writeBigUInt64LE(64n, 32)
  header.writeBigUInt64LE(BigInt(at), 40)
  header.writeUInt16LE(1, 56)
  header.writeUInt16LE(all.length, 60)
  header.writeUInt16LE(all.length - 1, 62)
  const segment = Buffer.concat([u32s(1, 5), u64s(0, 0, 0, at, at, 16)])
  const bodies = all.map(({ bytes }) => bytes)
  return Buffer.concat([header, segment, code, ...bodies, ...heads])
}

function gnuHash(name: string): number {
  let hash = 5381
  for (const byte of Buffer.from(name)) hash = (Math.imul(hash, 33) + byte) >>> 0
  return hash
}

/** Tables of symbols for the linker, with that by hash or without. */
function library(names: readonly string[], hashed: boolean): Buffer {
  const strings = Buffer.from(`\0${names.join('\0')}\0`)
  const symbols = names.map((name, i) => {
    const head = Buffer.concat([u32s(strings.indexOf(`\0${name}\0`) + 1), Buffer.from([0x12, 0])])
    return Buffer.concat([head, Buffer.from([5, 0]), u64s(codeAt + i * 4, 21)])
  })
  const chain = names.map((name, i) => (gnuHash(name) & ~1) | Number(i === names.length - 1))
  const hash = Buffer.concat([u32s(1, 1, 1, 0), u64s(0), u32s(1, ...chain)])
  return elf([
    { name: '.dynsym', type: 11, link: 2, bytes: Buffer.concat([Buffer.alloc(24), ...symbols]) },
    { name: '.dynstr', type: 3, bytes: strings },
    ...(hashed ? [{ name: '.gnu.hash', type: 0x6ffffff6, link: 1, bytes: hash }] : []),
  ])
}

/** A Go program's own table of functions (internal/abi/symtab.go): 1.18 and later. */
function goProgram(): Buffer {
  const names = ['crypto/tls.(*Conn).Write', 'crypto/tls.(*Conn).Read', 'crypto/tls.(*Conn).Close']
  const texts = Buffer.from(`\0${names.join('\0')}\0`)
  const head = 72
  const functionsAt = head + texts.length
  const abouts = names.map((name) => u32s(0, texts.indexOf(`\0${name}\0`) + 1))
  const begin = (names.length + 1) * 8
  const entries = names.map((_, i) => u32s(i * 21, begin + i * 8))
  const table = Buffer.concat([
    Buffer.from('f1ffffff00000108', 'hex'),
    u64s(names.length, 0, codeAt, head, functionsAt, functionsAt, functionsAt, functionsAt),
    texts,
    ...entries,
    u32s(names.length * 21, 0),
    ...abouts,
  ])
  return elf([{ name: '.gopclntab', type: 1, bytes: table }])
}

/** A program or library that the job made: where its TLS is to be probed. */
export const elfFiles: Target = {
  name: 'elf',
  seeds: () => [
    library(['SSL_read', 'SSL_write', 'SSL_free', 'SSL_write_ex'], true),
    library(['SSL_read', 'SSL_write', 'node_module_register'], false),
    library(['gnutls_record_recv', 'gnutls_record_send', 'gnutls_deinit'], true),
    goProgram(),
  ],
  words: [
    'SSL_read\0',
    'gnutls_record_send2\0',
    '.gopclntab\0',
    '\xff\xff\xff\xff\xff\xff\xff\xff',
    '\xff\xff\xff\xff\xff\xff\xff\x7f',
    '\0\0\0\0\0\0\0\x10',
    '\0\0\0\0\0\0\x10\0',
    '\xc3',
  ],
  run: (input) => {
    for (const arch of ['x64', 'arm64']) {
      const returns = returnsOf(input.subarray(0, 512), arch) ?? []
      must(
        returns.every((at, i) => at < 512 && at > (returns[i - 1] ?? -1)),
        'returns in their order, within the code',
      )
    }
    writeFileSync(path, input)
    const fd = openSync(path, 'r')
    try {
      const plan = planProbes(fd)
      if (plan === undefined) return 'nothing'
      const places = plan.probes.flatMap((probes) => probes.places)
      for (const { offset } of places)
        must(offset >= 0 && Number.isFinite(offset), 'a place that a probe can be put at')
      return `${plan.library} ${order(places.length)}`
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error
      return error.message.replaceAll(/\d+/g, 'n')
    } finally {
      closeSync(fd)
    }
  },
}
