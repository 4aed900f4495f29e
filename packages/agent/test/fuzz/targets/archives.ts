import { gzipSync } from 'node:zlib'
import { madeUpToken } from '@runwarden/lab/tokens'
import type { SecretInFile } from '../../../src/secrets/artifact-contract.ts'
import { Scanner } from '../../../src/secrets/scanner.ts'
import { Contents } from '../../../src/secrets/unpack.ts'
import { must, order, type Target } from '../target.ts'

const token = madeUpToken('ghs_', 'Fuzz')
const scanner = new Scanner()
const BLOCK = 512

function field(text: string, bytes: number): Buffer {
  const made = Buffer.alloc(bytes)
  made.write(text, 'latin1')
  return made
}

/** One entry of a ustar file. */
function entry(name: string, type: string, content: Buffer): Buffer {
  const head = Buffer.concat([
    field(name, 100),
    field('0000644', 8),
    field('0000000', 8),
    field('0000000', 8),
    field(content.length.toString(8).padStart(11, '0'), 12),
    field('00000000000', 12),
    Buffer.from('        '),
    Buffer.from(type),
    field('', 100),
    field('ustar', 6),
    field('00', 249),
  ])
  const sum = head.reduce((all, byte) => all + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return Buffer.concat([head, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)])
}

const secret = Buffer.from(`first line\ntoken ${token}\n`)
const end = Buffer.alloc(2 * BLOCK)

function tar(...entries: Buffer[]): Buffer {
  return Buffer.concat([...entries, end])
}

/** The checksums of all headers, which a change breaks: without them little of a tar file would ever be looked into. */
function withSums(input: Buffer): Buffer {
  const mended = Buffer.from(input)
  for (let at = 0; at + BLOCK <= mended.length; at += BLOCK) {
    if (mended.toString('latin1', at + 257, at + 262) !== 'ustar') continue
    const sum = mended.subarray(at, at + BLOCK).reduce((all, byte, i) => {
      return all + (i >= 148 && i < 156 ? 32 : byte)
    }, 0)
    mended.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1')
  }
  return mended
}

interface Looked {
  not: string
  found: SecretInFile[]
}

/** An uploaded file as it comes, in parts of so many bytes. */
function look(input: Buffer, bytes: number): Looked {
  const found: SecretInFile[] = []
  const contents = new Contents({ scanner, key: Buffer.alloc(32), found }, [])
  try {
    for (let at = 0; at < input.length; at += bytes)
      if (!contents.add(input.subarray(at, at + bytes))) break
    contents.end()
  } catch (error) {
    must(error instanceof Error && /tar|name/.test(error.message), `a reason: ${String(error)}`)
    return { not: 'unreadable', found }
  }
  return { not: contents.not, found }
}

const placesOf = ({ found, not }: Looked): string =>
  [...found.map((one) => JSON.stringify(one)), not].join('\n')

/** What is uploaded: a file, or an archive, of which each file is looked into. */
export const archives: Target = {
  name: 'archives',
  seeds: () => [
    secret,
    tar(entry('a/one.txt', '0', secret), entry('b', '5', Buffer.alloc(0))),
    tar(
      entry('././@LongLink', 'L', Buffer.from(`${'n'.repeat(200)}\0`)),
      entry('cut', '0', gzipSync(secret)),
    ),
    tar(
      entry('PaxHeader', 'x', Buffer.from('22 path=a/very/long\n14 size=1000\n')),
      entry('two', '0', Buffer.concat([secret, Buffer.alloc(1000 - secret.length, 'x')])),
    ),
    tar(entry('inner.tar', '0', tar(entry('three', '0', secret)))),
  ],
  words: [
    'ustar\0',
    '00000000017',
    '77777777777',
    '-0000000010',
    '\x80\0\0\0\0\0\0\0\0\0\x01\0',
    '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    'size=-5\n',
    'size=1e999\n',
    'path=',
    '\x1f\x8b\x08',
    'PK\x03\x04',
    token,
  ],
  run: (input) => {
    const file = withSums(input)
    const whole = look(file, file.length + 1)
    must(placesOf(look(file, 100)) === placesOf(whole), 'the same in small parts')
    for (const { line } of whole.found) must(line > 0, 'a line')
    const forms = [...new Set(whole.found.map(({ form }) => form))].toSorted()
    return `${whole.not} ${forms.join()} ${order(whole.found.length)}`
  },
}
