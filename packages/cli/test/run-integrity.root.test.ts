import { mkdirSync, writeFileSync } from 'node:fs'
import type { Report, ReportChange } from '@runwarden/events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Place } from './runwarden.ts'

/** Puts something else into a file and the old content back, by one way: `swap.py WAY FILE`. */
const swap = `
import ctypes, mmap, os, sys, time
way, path = sys.argv[1:3]
good = open(path, 'rb').read()
evil = b'E' * len(good)

def source(content):
    with open(path + '.from', 'wb') as file: file.write(content)
    return open(path + '.from', 'rb')

def write(content):
    with open(path, 'wb') as file: file.write(content)

def in_place(content):
    with open(path, 'r+b') as file: file.write(content)

def rename(content):
    source(content).close(); os.rename(path + '.from', path)

def link(content):
    source(content).close(); os.unlink(path); os.link(path + '.from', path); os.unlink(path + '.from')

def tmpfile(content):
    fd = os.open(os.path.dirname(path), os.O_TMPFILE | os.O_WRONLY)
    os.write(fd, content); os.unlink(path); ctypes.CDLL(None).linkat(-100, b'/proc/self/fd/%d' % fd, -100, path.encode(), 0x400); os.close(fd)

def shared(content):
    with open(path, 'r+b') as file:
        with mmap.mmap(file.fileno(), 0) as memory: memory[:] = content

def truncate(content):
    os.truncate(path, 0); in_place(content)

def sendfile(content):
    with source(content) as file, open(path, 'r+b') as to: os.sendfile(to.fileno(), file.fileno(), 0, len(content))

def copy_file_range(content):
    with source(content) as file, open(path, 'r+b') as to: os.copy_file_range(file.fileno(), to.fileno(), len(content))

def splice(content):
    r, w = os.pipe(); os.write(w, content)
    with open(path, 'r+b') as to: os.splice(r, to.fileno(), len(content))

def proc_fd(content):
    fd = os.open(path, os.O_RDONLY)
    with open('/proc/self/fd/%d' % fd, 'wb') as file: file.write(content)
    os.close(fd)

do = globals()[way]
do(evil)
assert open(path, 'rb').read() == evil, way
time.sleep(float(sys.argv[3]))
do(good)
assert open(path, 'rb').read() == good, way
`

const ways = [
  'write',
  'in_place',
  'rename',
  'link',
  'tmpfile',
  'shared',
  'truncate',
  'sendfile',
  'copy_file_range',
  'splice',
  'proc_fd',
] as const

const identity = `
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git config --global init.defaultBranch main; git config --global --add safe.directory '*'
`

interface Run {
  place: Place
  report: Report
  changes: ReportChange[]
}

/** Runs a script in a workspace below which \`copy\` is a checkout of some files, by git, a moment ago. */
async function run(files: Record<string, string>, script: string): Promise<Run> {
  const place = new Place()
  mkdirSync(place.at('origin'))
  mkdirSync(place.at('work'))
  writeFileSync(place.at('swap.py'), swap)
  for (const [name, content] of Object.entries(files))
    writeFileSync(place.at('origin', name), content)
  const env = { HOME: place.path, P: place.path }
  const made = await place.exec(
    'sh',
    ['-ec', `${identity} cd origin; git init -q; git add .; git commit -qm 1`],
    { env },
  )
  expect(made.status, made.stderr).toBe(0)
  const ended = await place.run(
    [
      '--workspace',
      place.at('work'),
      '--',
      'bash',
      '-ec',
      `git clone -q "$P/origin" copy; cd copy; sleep 1.5; ${script}`,
    ],
    { env, cwd: place.at('work') },
  )
  expect(ended.status, ended.stderr).toBe(0)
  const report = place.report()
  return { place, report, changes: report.changes ?? [] }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

describe.each([
  ['within milliseconds', '0.005'],
  ['after a while', '0.3'],
])('a file that another program changes, and puts back %s', (_, pause) => {
  let all: Run
  beforeAll(async () => {
    const files = Object.fromEntries(
      ways.map((way) => [`${way}.c`, `int ${way};\n`.padEnd(200, ' ')]),
    )
    all = await run(
      files,
      ways.map((way) => `python3 "$P/swap.py" ${way} "$PWD/${way}.c" ${pause}`).join('\n'),
    )
  })
  afterAll(() => all.place[Symbol.dispose]())

  test.each(ways)('by %s', (way) => {
    const of = all.changes.filter(({ path }) => nameOf(path) === `${way}.c`)
    expect(of.map(({ state }) => state)).toContain('restored')
    const restored = of.find(({ state }) => state === 'restored')
    expect(restored?.exe).toMatch(/python3/)
    expect(restored?.writer?.exe).toMatch(/\/git$/)
    expect(restored?.after).toMatch(/^[0-9a-f]{64}$/)
    const found = all.report.detections.filter(({ title }) => title.includes(`/${way}.c `))
    expect(found.map(({ id }) => id)).toContain('source-code-overwritten')
    expect(found.some(({ severity }) => severity === 'medium')).toBe(true)
  })
})

test('a source that is swapped while it is compiled is found, by cp, too', async () => {
  const lines = Array.from(
    { length: 1500 },
    (_, i) =>
      `int f${i}(int a) { int s = 0; for (int i = 0; i < a; i++) s += i * ${i} % (a + ${i}); return s; }`,
  )
  const { place, report } = await run(
    { 'big.c': `${lines.join('\n')}\n`, 'a.c': 'int main(void) { return 0; }\n' },
    `cat > "$P/sun.sh" <<'SH'
cp a.c "$P/good.c"; echo 'int main(void) { return 66; }' > "$P/evil.c"
while ! pgrep -x cc1 > /dev/null; do :; done
cp "$P/evil.c" a.c; sleep 0.005; cp "$P/good.c" a.c
SH
sh "$P/sun.sh" & gcc -O3 -c big.c -o "$P/big.o"; wait`,
  )
  using _ = place
  // What the agent says of its own files has no event of the job behind it.
  const byJob = report.detections.filter(({ evidence }) => evidence.length > 0)
  expect(byJob.map(({ id, severity }) => `${id} ${severity}`)).toEqual([
    'source-code-overwritten high',
  ])
})
