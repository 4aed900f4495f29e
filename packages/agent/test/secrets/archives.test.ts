import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { madeUpToken } from '@runwarden/lab/tokens'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mostOfArchive, mostOfEntry } from '../../src/secrets/artifact-contract.ts'
import { lookInto, openUploaded } from '../../src/secrets/artifact-file.ts'
import { Scanner } from '../../src/secrets/scanner.ts'

const token = madeUpToken('ghs_', 'Cache')
/** As actions/cache has it: `zstd --long=30`. */
const long = { params: { [constants.ZSTD_c_windowLog]: 30 } }

let place: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'runwarden-archives-'))
})
afterEach(() => rmSync(place, { recursive: true }))

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(place, 'tree', path)), { recursive: true })
  writeFileSync(join(place, 'tree', path), content)
}

/** A tar file of what was put. */
function tar(...options: string[]): Buffer {
  return execFileSync('tar', ['-cf', '-', ...options, '-C', join(place, 'tree'), '.'], {
    maxBuffer: 2 ** 30,
  })
}

async function look(content: Buffer): Promise<{ found: string[]; not: string }> {
  const file = join(place, 'cache.tzst')
  writeFileSync(file, content)
  const { found, not } = await lookInto(
    await openUploaded({ path: file }),
    new Scanner(),
    Buffer.alloc(32),
  )
  return { found: found.map(({ form, line, entry }) => `${entry} ${line} ${form}`).toSorted(), not }
}

const deep = `${'deep/'.repeat(60)}npmrc`

describe.each(['gnu', 'posix', 'ustar', 'v7'])('tar in the format %s', (format) => {
  test('is looked into file by file, and names are whole', async () => {
    put('a/.npmrc', `registry=x\n//x/:_authToken=${token}\n`)
    put('empty', '')
    put('b/numbers', '1\n'.repeat(300_000))
    put('b/last', `\n\n${token}`)
    const named = format === 'gnu' || format === 'posix'
    if (named) put(deep, token)
    symlinkSync('last', join(place, 'tree/b/link'))
    execFileSync('ln', [join(place, 'tree/b/last'), join(place, 'tree/b/other')])
    const looked = await look(zstdCompressSync(tar(`--format=${format}`, '--sort=name'), long))
    expect(looked.not).toBe('')
    expect(looked.found).toEqual(
      [
        './a/.npmrc 2 zstd of tar',
        './b/last 3 zstd of tar',
        ...(named ? [`./${deep} 1 zstd of tar`] : []),
      ].toSorted(),
    )
  })
})

test('compressed files and archives in an archive are looked into, as deep as three', async () => {
  put('token', token)
  const inner = tar()
  rmSync(join(place, 'tree'), { recursive: true })
  put('a.gz', gzipSync(`\n${token}`))
  put('b.tar', inner)
  put('c.tgz', gzipSync(inner))
  expect(await look(gzipSync(tar()))).toEqual({
    found: [
      './a.gz 2 gzip of tar of gzip',
      './b.tar › ./token 1 gzip of tar of tar',
      './c.tgz › ./token 1 gzip of tar of gzip of tar',
    ],
    not: '',
  })
  let nested: Buffer = Buffer.from(token)
  for (let i = 0; i < 5; i++) {
    rmSync(join(place, 'tree'), { recursive: true })
    put('x', i % 2 === 0 ? gzipSync(nested) : nested)
    nested = tar()
  }
  expect(await look(nested)).toEqual({ found: [], not: 'packed' })
})

test('what is not looked into of an archive is said', async () => {
  put('large', Buffer.concat([Buffer.from(`${token}\n`), Buffer.alloc(mostOfEntry, 'x\n')]))
  put('z', `\n${token}`)
  expect(await look(tar())).toEqual({ found: ['./large 1 tar', './z 2 tar'], not: 'long' })
  put('large', Buffer.from('504b03040000', 'hex'))
  expect(await look(tar())).toEqual({ found: ['./z 2 tar'], not: 'packed' })
  put('large', gzipSync(Buffer.alloc(64 << 20)))
  expect(await look(tar())).toEqual({ found: ['./z 2 tar'], not: 'packed' })
})

test('an archive that breaks off, or goes on as something else, is said to be unreadable', async () => {
  put('a', `${token}\n`)
  put('z', '\n'.repeat(100_000))
  const whole = tar('--sort=name')
  const packed = zstdCompressSync(whole)
  expect(await look(packed.subarray(0, packed.length - 20))).toMatchObject({ not: 'unreadable' })
  const changed = Buffer.from(whole)
  changed.fill('x', 1536, 2048)
  expect(await look(changed)).toEqual({ found: ['./a 1 tar'], not: 'unreadable' })
})

test('what unpacks to far more than it is long is left', async () => {
  put('a', token)
  execFileSync('truncate', ['-s', '1G', join(place, 'tree/zeroes')])
  const archive = join(place, 'bomb.tgz')
  execFileSync('sh', [
    '-c',
    `tar -cf - --sort=name -C "$1" . | gzip -1 > ${archive}`,
    'sh',
    join(place, 'tree'),
  ])
  const looked = await lookInto(
    await openUploaded({ path: archive }),
    new Scanner(),
    Buffer.alloc(32),
  )
  expect(looked).toMatchObject({ not: 'long', found: [{ entry: './a' }] })
  expect(looked.bytes).toBeLessThan(1.1 * mostOfArchive)
}, 60_000)
