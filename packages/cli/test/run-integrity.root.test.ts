import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report, ReportChange } from '@runwarden/events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Place } from './runwarden.ts'

/** Puts something else into a file and the old content back, by one way: `swap.py WAY FILE`. */
const swap = `
import ctypes, mmap, os, sys, tempfile, time
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

def bound(content):
    libc, folder = ctypes.CDLL(None), tempfile.mkdtemp()
    assert libc.unshare(0x20000) == 0 and libc.mount(b'none', b'/', None, 0x44000, None) == 0
    assert libc.mount(os.path.dirname(path).encode(), folder.encode(), None, 0x1000, None) == 0
    with open(os.path.join(folder, os.path.basename(path)), 'wb') as file: file.write(content)

do = globals()[way]
do(evil)
assert open(path, 'rb').read() == evil, way
time.sleep(float(sys.argv[3]))
do(good)
assert open(path, 'rb').read() == good, way
`

/** The same by one descriptor or mapping that stays open, while a program runs: `hold.py WAY FILE SECONDS PROGRAM ARGS…`. */
const hold = `
import mmap, os, subprocess, sys, time
way, path, pause, *command = sys.argv[1:]
fd = os.open(path, os.O_RDWR)
good = os.pread(fd, 1 << 20, 0)
evil = b'int evil;'.ljust(len(good) - 1) + b'\\n'
memory = mmap.mmap(fd, 0) if way == 'mapped' else None

def put(content):
    if memory: memory[:] = content
    elif way == 'cut': os.ftruncate(fd, 0); os.pwrite(fd, content, 0)
    else: os.pwrite(fd, content, 0)

if way == 'mapped': os.close(fd)
time.sleep(float(pause))
put(evil)
subprocess.run(command, check=True)
put(good)
time.sleep(float(pause))
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
  'bound',
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
async function run(
  files: Record<string, string>,
  script: string,
  folders: readonly string[] = [],
): Promise<Run> {
  const place = new Place()
  for (const folder of folders) mkdirSync(place.at(folder), { recursive: true })
  mkdirSync(place.at('origin'))
  mkdirSync(place.at('work'))
  writeFileSync(place.at('swap.py'), swap)
  writeFileSync(place.at('hold.py'), hold)
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
      `${identity} git clone -q "$P/origin" copy; cd copy; sleep 3; ${script}`,
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
while ! pgrep -g 0 -x cc1 > /dev/null; do :; done
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

describe.each([
  ['within milliseconds', '0'],
  ['after a while', '0.5'],
])('what is open or mapped for writing all the time, %s', (_, pause) => {
  const held = ['written', 'cut', 'mapped']
  let all: Run
  beforeAll(async () => {
    const files = Object.fromEntries(held.map((way) => [`${way}.c`, `int ${way};\n`.padStart(200)]))
    all = await run(
      files,
      held
        .map(
          (way) =>
            `python3 "$P/hold.py" ${way} "$PWD/${way}.c" ${pause} gcc -c ${way}.c -o "$P/x.o"`,
        )
        .join('\n'),
    )
  })
  afterAll(() => all.place[Symbol.dispose]())

  test.each(held)('is found when a compiler reads it, and it is put back: %s', (way) => {
    const of = all.changes.filter(({ path }) => nameOf(path) === `${way}.c`)
    expect(of.map(({ state }) => state)).toContain('restored')
    expect(loud(all.report)).toContain(`source-code-overwritten high ${way}.c`)
  })
})

const loud = (report: Report): string[] =>
  report.detections
    .filter(({ evidence, severity }) => evidence.length > 0 && severity !== 'info')
    .map(
      ({ id, severity, title }) =>
        `${id} ${severity} ${nameOf(title.split(' ').find((word) => word.includes('/')) ?? '')}`,
    )

test('two files that change places by io_uring, there and back', async () => {
  const uring = new Place()
  using _uring = uring
  const act = uring.compile('uring', join(import.meta.dirname, '../../sensor/test/acts'))
  const { place, report, changes } = await run(
    { 'a.c': 'int good;\n' },
    `cp a.c good.c; echo 'int evil;' > evil.c; "${act}" rename evil.c a.c; sleep 0.3; "${act}" rename good.c a.c`,
  )
  using _ = place
  expect(changes.filter(({ path }) => nameOf(path) === 'a.c').map(({ state }) => state)).toEqual([
    'restored',
    'changed',
  ])
  expect(loud(report)).toContain('source-code-overwritten medium a.c')
})

/** What builds do to files that others wrote. */
const twins: [name: string, script: string][] = [
  [
    'a formatter',
    "mkdir -p node_modules/prettier/bin; echo \"const fs = require('fs'); fs.writeFileSync(process.argv[3], fs.readFileSync(process.argv[3], 'utf8').trim())\" > node_modules/prettier/bin/prettier.cjs; node node_modules/prettier/bin/prettier.cjs --write a.c",
  ],
  [
    'a version that is stamped, compiled and put back',
    "sed -i.bak 's/good/v2/' a.c; gcc -c a.c -o a.o; mv a.c.bak a.c",
  ],
  [
    'a version that is stamped and checked out again',
    "sed -i 's/good/v2/' a.c; gcc -c a.c -o a.o; git checkout -q -- a.c",
  ],
  [
    'an archive, and a copy, over the checkout',
    'tar cf "$P/all.tar" a.c Makefile; sleep 0.1; tar xf "$P/all.tar"; cp a.c "$P/x.c"; cp "$P/x.c" a.c',
  ],
  ['make, twice, with a library and strip', 'make -s; touch a.c; make -s; strip app'],
  [
    'a branch that is changed',
    "git checkout -q -b next; echo 'int next;' >> a.c; git commit -qam next; git checkout -q main; git checkout -q next; git checkout -q main",
  ],
  [
    'a log that is written to and watched, by several',
    `(for i in $(seq 40); do echo "built $i"; sleep 0.02; done) > log & tail -f --pid=$! log > /dev/null &
for i in 1 2 3 4 5; do echo note | tee -a log > /dev/null; cat log > /dev/null; sleep 0.1; done; wait`,
  ],
  [
    'a database that others read while a transaction is open, and taken back',
    `cat > "$P/make.py" <<'PY'
import sqlite3
db = sqlite3.connect('db'); db.execute('create table t (a)'); db.execute("insert into t values ('x')"); db.commit()
PY
cat > "$P/use.py" <<'PY'
import sqlite3, subprocess
db = sqlite3.connect('db')
for i in range(3):
    db.execute('insert into t values (?)', ('y' * 9000,)); subprocess.run(['cp', 'db', 'copy.db'], check=True); db.rollback()
    db.execute('insert into t values (?)', ('y',)); db.commit(); subprocess.run(['gcc', '-c', 'a.c', '-o', 'a.o'], check=True)
PY
python3 "$P/make.py"; sleep 0.5; python3 "$P/use.py"`,
  ],
  [
    'sources that a program has open for writing, and leaves, while they are compiled',
    `python3 -c 'import subprocess; file = open("a.c", "r+"); subprocess.run(["gcc", "-c", "a.c", "-o", "a.o"], check=True)'`,
  ],
  ['names that are moved about', 'mv a.c b.c; mv b.c a.c; ln a.c c.c; rm c.c'],
]

// At once: each waits for seconds, so that what it changes was not written just now.
test.concurrent.each(twins)('nothing is said of %s', async (_, script) => {
  const { place, report } = await run(
    {
      'a.c': 'int good;\nint main(void) { return 0; }\n',
      Makefile: 'app: a.o\n\tar rc lib.a a.o && gcc -o app a.o lib.a\n',
    },
    script,
  )
  using _place = place
  expect(loud(report)).toEqual([])
})

const packages = `
mkdir -p pkg/wallet pkg/stream app
echo '{"name":"wallet","version":"1.0.0"}' > pkg/wallet/package.json; echo 'module.exports = () => 1' > pkg/wallet/index.js
echo '{"name":"stream","version":"1.0.0","scripts":{"postinstall":"node post.js"}}' > pkg/stream/package.json
echo 'require("fs").writeFileSync("built.txt", "x")' > pkg/stream/post.js
echo 'const fs = require("fs"); const file = require.resolve("wallet"); if (process.env.STEAL) fs.appendFileSync(file, "// stolen")' > pkg/stream/index.js
for one in wallet stream; do (cd pkg/$one && npm pack --silent >/dev/null); done
cd app; npm init -y >/dev/null; echo 'require("stream/")' > build.js
npm install --offline --no-audit --no-fund --loglevel=error --install-links ../pkg/wallet/*.tgz ../pkg/stream/*.tgz
sleep 1.5; npm pkg set scripts.build="node build.js"`

test('a dependency that changes another one while the build loads it is found, its twin is not', async () => {
  const quiet = await run(
    { x: 'x' },
    `${packages}; npm run --silent build; npm install --offline --no-audit --no-fund --install-links ../pkg/wallet/*.tgz`,
  )
  using _quiet = quiet.place
  expect(loud(quiet.report)).toEqual([])
  const stolen = await run({ x: 'x' }, `${packages}; STEAL=1 npm run --silent build`)
  using _stolen = stolen.place
  expect(loud(stolen.report)).toEqual(['source-code-overwritten medium index.js'])
  expect(stolen.changes.map(({ dependency }) => dependency)).toEqual([
    stolen.place.at('work/copy/app/node_modules/wallet'),
  ])
})

test('the script of one package that changes another is found', async () => {
  const { place, report } = await run(
    { x: 'x' },
    `${packages}; (cd node_modules/stream; node -e 'require("fs").writeFileSync("../wallet/index.js", "stolen")')`,
  )
  using _ = place
  expect(loud(report)).toEqual(['source-code-overwritten high index.js'])
})

test('dependencies beside the workspace: what another program changes is found, what package managers and compilers do is not', async () => {
  const { place, report } = await run(
    { x: 'x' },
    `sleep 0.5
install -D x "$P/go/pkg/mod/example.org/words@v1.0.0/a.go"
tar cf "$P/crate.tar" x; mkdir -p "$P/.cargo/registry/src/i/words-1.0.0"; tar xf "$P/crate.tar" -C "$P/.cargo/registry/src/i/words-1.0.0"
packages="$P/.local/lib/python3.9/site-packages"; mkdir -p "$packages"; echo 'a = 1' > x.py; cp x.py "$packages/words.py"; sleep 0.5
PYTHONPATH="$packages" python3 -c 'import words'; tar xf "$P/crate.tar" -C "$P/.cargo/registry/src/i/words-1.0.0"; cp x.py "$packages/words.py"
python3 -c 'import sys; open(sys.argv[1], "a").write("evil")' "$P/go/pkg/mod/example.org/words@v1.0.0/a.go"
python3 -c 'import sys; open(sys.argv[1], "a").write("evil")' "$P/.cargo/registry/src/i/words-1.0.0/x"`,
    ['go/pkg/mod', '.cargo', '.local/lib/python3.9/site-packages'],
  )
  using _ = place
  expect(loud(report)).toEqual([
    'source-code-overwritten medium a.go',
    'source-code-overwritten medium x',
  ])
})
