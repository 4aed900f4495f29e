import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { madeUpToken } from '@runwarden/lab/tokens'
import { afterAll, expect, it, test } from 'vitest'
import { mostOfFile } from '../../src/secrets/artifact-contract.ts'
import { lookInto, openUploaded } from '../../src/secrets/artifact-file.ts'
import { Scanner } from '../../src/secrets/scanner.ts'

const place = mkdtempSync(join(tmpdir(), 'runwarden-artifact-'))
afterAll(() => rmSync(place, { recursive: true }))
const token = madeUpToken('ghs_', 'File')
const part = 4 << 20

async function look(content: Buffer | string): Promise<string> {
  const file = join(place, 'file')
  writeFileSync(file, content)
  const { found, not } = await lookInto(
    await openUploaded({ path: file }),
    new Scanner(),
    Buffer.alloc(32),
  )
  return [...found.map(({ kind, form, line }) => `${kind} ${form} ${line}`), not].join()
}

const lines = (count: number): string => 'line\n'.repeat(count)

it.each([
  ['in its first bytes', token, 'github-token plain 1,'],
  ['twice: told once', `${token}\n${token}`, 'github-token plain 1,'],
  [
    'across the border of two parts',
    `${'\n'.repeat(part - 20)}${token}`,
    `github-token plain ${part - 19},`,
  ],
  [
    'on the border, in base64 over lines',
    `${'\n'.repeat(part - 30)}${Buffer.from(`{"t":"${token}"}`).toString('base64')}`,
    `github-token base64 ${part - 29},`,
  ],
  ['far behind', `${lines(2_000_000)}${token}`, 'github-token plain 2000001,'],
  ['in gzip', gzipSync(`${lines(10)}${token}`), 'github-token gzip 11,'],
  [
    'in text that is no UTF-8',
    Buffer.concat([Buffer.from([0xff, 0xfe, 10, 0]), Buffer.from(token)]),
    'github-token plain 2,',
  ],
  [
    'in base64 behind UTF-8 that is no ASCII',
    Buffer.from(`ä ${token}`).toString('base64'),
    'github-token base64 1,',
  ],
  ['nowhere', lines(100), ''],
  ['nowhere: empty', '', ''],
  ['packed as deflate says nothing by its first bytes', deflateSync(token), ''],
  ['gzip that breaks off', gzipSync(lines(1000)).subarray(0, 30), 'unreadable'],
])('a secret %s', async (_, content, expected) => {
  expect(await look(content)).toBe(expected)
})

test('of a file that is too long its beginning is looked at, and of what unpacks to too much', async () => {
  const file = join(place, 'long')
  writeFileSync(file, `${token}\n`)
  execFileSync('truncate', ['-s', `${mostOfFile * 4}`, file])
  const long = await lookInto(await openUploaded({ path: file }), new Scanner(), Buffer.alloc(32))
  expect(long).toMatchObject({ not: 'long', found: [{ kind: 'github-token' }] })
  expect(long.bytes).toBeLessThan(mostOfFile * 1.1)
  // Four times as much behind a thousandth.
  execFileSync('gzip', ['-1', '-k', file])
  const bomb = await lookInto(
    await openUploaded({ path: `${file}.gz` }),
    new Scanner(),
    Buffer.alloc(32),
  )
  expect(bomb).toMatchObject({ not: 'long', found: [{ kind: 'github-token', form: 'gzip' }] })
})

test('what is no file, or is not there, is not looked into', async () => {
  const scanner = new Scanner()
  const why = async (path: string): Promise<string> =>
    (await lookInto(await openUploaded({ path }), scanner, Buffer.alloc(32))).not
  const fifo = join(place, 'fifo')
  execFileSync('mkfifo', [fifo])
  writeFileSync(join(place, 'file'), token)
  symlinkSync('file', join(place, 'link'))
  expect(await why(fifo)).toBe('unreadable')
  expect(await why(place)).toBe('unreadable')
  expect(await why('/dev/zero')).toBe('unreadable')
  expect(await why(join(place, 'link'))).toBe('unreadable')
  expect(await why(join(place, 'nothing'))).toBe('gone')
  writeFileSync(join(place, 'file'), Buffer.from('504b0304', 'hex'))
  expect(await why(join(place, 'file'))).toBe('packed')
})

test('of a file with more secrets than are told that is said', async () => {
  const tokens = Array.from({ length: 201 }, (_, i) => `${madeUpToken('ghs_', `N${i}`)}\n`)
  expect((await look(tokens.slice(1).join(''))).split(',')).toHaveLength(201)
  expect((await look(tokens.join(''))).split(',').slice(199)).toEqual([
    'github-token plain 200',
    'many',
  ])
})
