import { expect, test } from 'vitest'
import { act, isNews, newChange, read, settle, type Way } from '../../src/integrity/change.ts'
import { packageOf } from '../../src/integrity/package-folder.ts'
import { relationOf, runBy, type Writer } from '../../src/integrity/program.ts'

/**
 * An act at a time (milliseconds), who reads meanwhile, or what a look at the file finds, and its ctime; null: it could not
 * be read.
 */
type Happened =
  | { at: number; way?: Way }
  | { reads: string }
  | { finds: string | null; by?: number; ctime?: number }

function statesOf(before: string | null, happened: readonly Happened[]): string[] {
  const change = newChange(0, before === null ? null : { digest: before, changedMs: 0 })
  return happened.flatMap((one, seq) => {
    if ('at' in one) {
      act(change, { seq, time: one.at, way: one.way ?? 'write', program: '/bin/x' })
      return []
    }
    if ('reads' in one) {
      read(change, one.reads)
      return []
    }
    const { finds: digest, by: readMs = -1, ctime: changedMs = 0 } = one
    return [settle(change, { digest, unread: '', bytes: 0, changedMs, readMs })]
  })
}

test.each<[name: string, before: string | null, happened: Happened[], states: string[]]>([
  ['changed', 'a', [{ at: 0 }, { finds: 'b' }], ['changed']],
  ['written as it was', 'a', [{ at: 0 }, { finds: 'a' }], ['unchanged']],
  [
    'changed, put back',
    'a',
    [{ at: 0 }, { finds: 'b' }, { at: 9 }, { finds: 'a' }],
    ['changed', 'restored'],
  ],
  [
    'put back by whoever had it open still',
    'a',
    [{ at: 0 }, { finds: 'b' }, { finds: 'a' }],
    ['changed', 'restored'],
  ],
  ['put back before anybody looked', 'a', [{ at: 0 }, { at: 5 }, { finds: 'a' }], ['restored']],
  [
    '… or looked twice',
    'a',
    [{ at: 0 }, { finds: 'a' }, { at: 5 }, { finds: 'a' }],
    ['unchanged', 'restored'],
  ],
  [
    'touched, and touched again later',
    'a',
    [{ at: 0 }, { finds: 'a' }, { at: 5000 }, { finds: 'a' }],
    ['unchanged', 'unchanged'],
  ],
  [
    'taken away and brought back',
    'a',
    [{ at: 0, way: 'remove' }, { at: 5, way: 'replace' }, { finds: 'a' }],
    ['unchanged'],
  ],
  [
    'changed by three in a row, and read before two of them are told',
    'a',
    [{ at: 0 }, { finds: 'd', by: 20 }, { at: 5 }, { at: 10 }, { finds: 'd', by: 30 }],
    ['changed', 'unchanged'],
  ],
  [
    'put back to what it was in between',
    'a',
    [{ at: 0 }, { finds: 'b' }, { at: 1 }, { finds: 'c' }, { at: 2 }, { finds: 'b' }],
    ['changed', 'changed', 'restored'],
  ],
  [
    'nobody knows what it was',
    null,
    [{ at: 0 }, { finds: 'b' }, { at: 9 }, { finds: 'c' }],
    ['unknown', 'changed'],
  ],
  ['it could not be read', 'a', [{ at: 0 }, { finds: null }], ['unknown']],
  [
    'opened once, written to and put back while another reads it',
    'a',
    [
      { at: 0 },
      { finds: 'a' },
      { reads: 'cc1' },
      { finds: 'a', ctime: 9 },
      { finds: 'a', ctime: 9 },
    ],
    ['unchanged', 'restored', 'unchanged'],
  ],
  [
    'opened once, written to and put back, and read by nobody',
    'a',
    [{ at: 0 }, { finds: 'a' }, { finds: 'a', ctime: 9 }],
    ['unchanged', 'unchanged'],
  ],
  [
    'opened once, not written to, and read by another',
    'a',
    [{ at: 0 }, { finds: 'a', ctime: 3 }, { reads: 'cc1' }, { finds: 'a', ctime: 3 }],
    ['unchanged', 'unchanged'],
  ],
  [
    'changed while others read it, and touched later',
    'a',
    [{ at: 0 }, { reads: 'tail' }, { finds: 'b', ctime: 2 }, { finds: 'b', ctime: 9 }],
    ['changed', 'unchanged'],
  ],
  [
    'read, and nobody knows what it held before',
    null,
    [{ at: 0 }, { reads: 'tail' }, { finds: 'b', ctime: 2 }],
    ['unknown'],
  ],
])('a file that is: %s', (_, before, happened, states) => {
  expect(statesOf(before, happened)).toEqual(states)
})

test.each([
  ['what it held, not written to', 'a', 0, false],
  ['what it held, and it was written to', 'a', 5, true],
  ['something else', 'b', 5, true],
  ['nothing that can be read', null, 5, false],
])('while others read it, it is news that it holds %s', (_, digest, changedMs, news) => {
  const change = newChange(0, { digest: 'a', changedMs: 0 })
  read(change, 'cc1')
  expect(isNews(change, { digest, unread: '', bytes: 0, changedMs, readMs: 9 })).toBe(news)
})

const git: Writer = {
  execId: 'g',
  parent: 'sh',
  exe: '/usr/bin/git',
  script: '',
  command: '',
  step: '1',
}
const npm: Writer = { ...git, exe: '/usr/bin/node', script: '/usr/bin/npm' }

test.each<[string, Writer, Writer | null, string]>([
  ['the process itself', git, git, 'own'],
  ['the same program beside it', { ...git, execId: 'h' }, git, 'own'],
  [
    'the same program elsewhere in the step',
    { ...git, execId: 'h', parent: 'x' },
    git,
    'same-program',
  ],
  ['the same program in another step', { ...git, execId: 'h', step: '2' }, git, 'other-step'],
  ['another program', { ...git, execId: 'h', exe: '/bin/sed' }, git, 'same-step'],
  [
    'another script of the same interpreter, below it',
    { ...npm, execId: 'h', parent: 'g', script: 'post.js' },
    npm,
    'same-step',
  ],
  ['anybody, where nobody is known', git, null, 'before-run'],
])('%s', (_, actor, writer, relation) => {
  expect(relationOf(actor, writer)).toBe(relation)
})

test.each([
  ['/w/src/a.js', null],
  ['/w/node_modules/a/lib/b.js', '/w/node_modules/a'],
  ['/w/node_modules/@s/a/b.js', '/w/node_modules/@s/a'],
  ['/w/node_modules/a/node_modules/b/c.js', '/w/node_modules/a/node_modules/b'],
  ['/w/node_modules/.package-lock.json', null],
  ['/w/v/lib/python3/site-packages/six/a.py', '/w/v/lib/python3/site-packages/six'],
  ['/w/vendor/acme/tool/a.php', '/w/vendor/acme/tool'],
  ['/workshop/node_modules/a/b.js', '/workshop/node_modules/a'],
  ['/usr/lib/python3/dist-packages/six/a.py', '/usr/lib/python3/dist-packages/six'],
  [
    '/root/.cargo/registry/src/i-1/serde-1.0.1/src/a.rs',
    '/root/.cargo/registry/src/i-1/serde-1.0.1',
  ],
  ['/root/.cargo/bin/x', null],
  ['/root/go/pkg/mod/example.org/words@v1.0.0/a.go', '/root/go/pkg/mod/example.org/words@v1.0.0'],
  ['/root/go/pkg/mod/cache/lock', null],
])('%s belongs to %s', (path, folder) => {
  expect(packageOf(path, '/w')).toBe(folder)
})

test.each([
  ['/usr/bin/node', 'node /w/node_modules/.bin/webpack --mode production', 'webpack'],
  ['/usr/bin/node', 'node /w/node_modules/vite/bin/vite.js build', 'vite.js build'],
  ['/usr/bin/python3.11', 'python3 -m build', 'build'],
  ['/usr/bin/python3.11', 'python3 -c import.os', undefined],
  ['/usr/bin/node', 'node', undefined],
  ['/usr/bin/dotnet', 'dotnet publish -c Release', 'dotnet publish'],
  ['/usr/bin/dotnet', 'dotnet exec /sdk/Roslyn/bincore/VBCSCompiler.dll', 'dotnet exec'],
  [
    '/jdk/bin/java',
    'java -Xmx64m -classpath /w/gradle/wrapper/gradle-wrapper.jar org.gradle.wrapper.GradleWrapperMain build',
    'org.gradle.wrapper.GradleWrapperMain',
  ],
  [
    '/jdk/bin/java',
    'java -Xmx64m -jar /w/gradle/wrapper/gradle-wrapper.jar build',
    'gradle-wrapper.jar',
  ],
  ['/usr/bin/gcc', 'gcc -c a.c', undefined],
])('what %s runs by: %s', (exe, line, run) => {
  expect(runBy({ exe, argv: line.split(' ') })).toBe(run)
})
