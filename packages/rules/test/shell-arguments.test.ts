import { expect, test } from 'vitest'
import { readsCommands } from '../src/shell-arguments.ts'

test.each([
  'sh',
  '/bin/bash -i',
  '-bash',
  'bash --noprofile --norc -i',
  'bash --rcfile /tmp/rc -i',
  'bash -eo pipefail',
  'bash -o posix -i',
  'sh -s -- --version',
  'sh -',
  'bash /dev/stdin',
  'busybox sh -i',
])('%s takes commands from its input', (line) => {
  expect(readsCommands(line.split(' '))).toBe(true)
})

test.each([
  'sh -c id',
  'bash -lc id',
  'bash -i -c id',
  'bash script.sh',
  'bash -l {0}',
  'bash --noprofile --norc -eo pipefail script.sh',
  'bash -o errexit script.sh',
  'fish --command=id',
  'busybox sh script.sh',
])('%s does not', (line) => {
  expect(readsCommands(line.split(' '))).toBe(false)
})
