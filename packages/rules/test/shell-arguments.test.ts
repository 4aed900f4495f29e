import { expect, test } from 'vitest'
import { readsCommands } from '../src/shell-arguments.ts'
import { toolOf, wordsOf } from '../src/tool.ts'

const reads = (line: string): boolean => {
  const argv = line.split(' ')
  return readsCommands(wordsOf(`/bin/${argv[0]}`, argv))
}

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
  expect(reads(line)).toBe(true)
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
  expect(reads(line)).toBe(false)
})

test.each([
  ['/bin/busybox', 'nc 192.0.2.9 4000', 'nc'],
  ['/bin/busybox', '/bin/busybox wget -O- x', 'wget'],
  ['/bin/busybox.static', 'busybox.static sh', 'sh'],
  ['/bin/busybox', '-sh', 'sh'],
  ['/usr/bin/toybox', 'toybox nc', 'nc'],
  ['/usr/bin/coreutils', 'env', 'env'],
  ['/usr/bin/coreutils', 'coreutils --coreutils-prog=base64 -d', 'base64'],
  ['/usr/bin/coreutils', 'coreutils --coreutils-prog-shebang=env /usr/bin/env', 'env'],
  ['/bin/busybox', 'busybox --list', 'busybox'],
  ['/bin/busybox', '', 'busybox'],
  ['/usr/bin/python3', 'nc', 'python3'],
  ['/usr/bin/busyboxer', 'nc', 'busyboxer'],
])('%s that is called as %s is %s', (exe, line, tool) => {
  expect(toolOf(exe, line.split(' '))).toBe(tool)
})
