import { expect, test } from 'vitest'
import { psShowsEnvironment } from '../src/ps-arguments.ts'

test.each([
  'ps axo pid,etime,command',
  'ps ax o etime',
  'ps aux',
  'ps -aux',
  'ps -ef',
  'ps -efww',
  'ps -eo pid,state,time',
  'ps -e -o stime -p 1',
  'ps --format etime --pid 1',
  'ps --user runner u',
  'ps -u runner',
  'ps -urunner',
  'ps -C node -o state=',
  'ps --sort -etime aux',
  'ps k etime ax',
  'ps -p 1',
  'ps 1',
])('%s shows no environment', (line) => {
  expect(psShowsEnvironment(line.split(' '))).toBe(false)
})

test.each([
  'ps e',
  'ps eww',
  'ps auxe',
  'ps ax e',
  'ps axo pid,command e',
  'ps axe o pid',
  'ps -o pid e',
  'ps -ouser=foo eww',
  'ps -Co eww',
  'ps axocomm eww',
  'ps --pid=1 e',
  'ps --forest e',
  'ps -axeww',
  'ps -ax -eww',
  'ps -auxeww',
  'ps -o environ',
  `ps -p ${'1,'.repeat(600)} e`,
])('%s does, or may', (line) => {
  expect(psShowsEnvironment(line.split(' '))).toBe(true)
})
