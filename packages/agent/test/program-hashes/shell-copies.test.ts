import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ShellCopies } from '../../src/program-hashes/shell-copies.ts'

const shell = readFileSync('/bin/bash')
const sha256 = createHash('sha256').update(shell).digest('hex')
const size = shell.length

test('what holds the same as a shell under another name is a copy of it, from then on', () => {
  const copies = new ShellCopies()
  expect(copies.of('1')).toBeUndefined()
  expect(copies.held('1', { path: '/tmp/helper', size, sha256 })).toBe('/bin/bash')
  expect(copies.of('1')).toBe('/bin/bash')
})

test.each([
  ['a shell itself', { path: '/usr/bin/bash', size, sha256 }],
  ['as long as a shell', { path: '/tmp/helper', size, sha256: sha256.replaceAll('a', 'b') }],
  ['another program', { path: '/tmp/helper', size: size + 1, sha256 }],
  ['not read', { path: '/tmp/helper', size, sha256: null }],
])('%s is none', (_, held) => {
  const copies = new ShellCopies()
  expect(copies.held('1', held)).toBeUndefined()
  expect(copies.of('1')).toBeUndefined()
})
