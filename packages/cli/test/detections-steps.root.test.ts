import { copyFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { prepareJob } from './job.ts'
import { type Ended, Place } from './runwarden.ts'

const steps = `      - id: honest
        run: echo 'int main(void) { return 0; }' > main.c; gcc -o app main.c; ./app; \${TOOLS}/ps aux > /dev/null
      - id: thief
        run: |
          worker=$PPID
          python3 - "$worker" <<'PY'
          import re, sys
          with open(f'/proc/{sys.argv[1]}/maps') as maps, open(f'/proc/{sys.argv[1]}/mem', 'rb', 0) as mem:
              for start, end in re.findall(r'^([0-9a-f]+)-([0-9a-f]+) rw', maps.read(), re.M):
                  try:
                      mem.seek(int(start, 16))
                      if b'ghs_of' + b'_the_job' in mem.read(int(end, 16) - int(start, 16)): print('found it'); break
                  except OSError: pass
          PY
          sleep \${LINGER:-0}
      - id: later
        run: touch later
      - id: copier
        run: cp \${TOOLS}/ps .; ./ps u -p $PPID > /dev/null
`

/** Runs the workflow as GitHub's runner does, with a secret in the worker's memory. */
async function watch(place: Place, args: string[] = [], linger = '0'): Promise<Ended> {
  const secrets = { GITHUB_TOKEN: 'ghs_of_the_job' }
  // A ps that was there before the job, as conda has one.
  copyFileSync('/usr/bin/ps', place.at('ps'))
  const script = steps.replace(`\${LINGER:-0}`, linger).replaceAll(`\${TOOLS}`, place.path)
  const job = prepareJob(place.path, script, { secrets })
  return place.run(['--workspace', job.workspace, ...args, '--', ...job.command])
}

test("who reads the worker's memory is told, with the step, and nobody else is", async () => {
  using place = new Place()
  const { status, stderr } = await watch(place)
  expect(status, stderr).toBe(0)
  const told = place
    .report()
    .detections.map(({ id, severity, step }) => `${severity} ${id} ${step}`)
  // ps asks all processes: other jobs of this machine may have workers, too.
  expect(new Set(told)).toEqual(
    new Set(['thief', 'copier'].map((step) => `critical runner-worker-memory-read ${step}`)),
  )
})

test.each([
  ['a new mount of /proc', 'mount -t proc proc p', '$worker/environ'],
  ['another place of /proc', 'mount --bind /proc p', '$worker/mem'],
  ["another place of the worker's folder", 'mount --bind /proc/$worker p', 'environ'],
  ['the file itself', 'touch p/x; mount --bind /proc/$worker/mem p/x', 'x'],
])(
  "who reads the worker's memory through %s is told, and lockdown ends the job",
  async (_, mount, file) => {
    using place = new Place()
    const job = prepareJob(
      place.path,
      `      - id: thief
        run: |
          worker=$PPID
          export worker
          mkdir p
          unshare -m sh -c '${mount}; head -c 1 p/${file}; sleep 300' || true
      - id: later
        run: touch later
`,
      {},
    )
    const args = ['--workspace', job.workspace, '--lockdown', 'runner-worker-memory-read']
    const { status, stderr } = await place.run([...args, '--', ...job.command])
    expect(status, stderr).toBe(137)
    expect(place.report().detections.map(({ id, severity, step }) => [id, severity, step])).toEqual(
      [
        ['runner-worker-memory-read', 'critical', 'thief'],
        ['job-locked-down', expect.anything(), 'thief'],
      ],
    )
    expect((await place.exec('ls', [place.at('work')])).stdout).not.toContain('later')
  },
)

test("who makes the worker dump its memory is told; the worker's own programs that crash are not", async () => {
  using place = new Place()
  const job = prepareJob(
    place.path,
    `      - id: honest
        run: ulimit -c unlimited; (kill -ABRT $BASHPID) || true; prlimit --pid $$ --core=0
      - id: thief
        run: |
          worker=$PPID
          prlimit --pid "$worker" --core=0
          kill -SEGV "$worker"
`,
    {},
  )
  const { status, stderr } = await place.run(['--workspace', job.workspace, '--', ...job.command])
  expect(status, stderr).toBe(139)
  expect(
    place.report().detections.map(({ id, severity, step, title }) => [id, severity, step, title]),
  ).toEqual([
    ['runner-worker-memory-read', 'critical', 'thief', expect.stringContaining('prlimit')],
    ['runner-worker-memory-read', 'critical', 'thief', expect.stringContaining('bash')],
  ])
})

test('lockdown ends the worker too: no later step runs', async () => {
  using place = new Place()
  const { status, stderr } = await watch(place, ['--lockdown', 'runner-worker-memory-read'], '300')
  expect(status, stderr).toBe(137)
  expect(stderr).toContain('runwarden: the job was ended: ')
  expect(place.report().detections.map(({ id, step }) => ({ id, step }))).toEqual([
    { id: 'runner-worker-memory-read', step: 'thief' },
    { id: 'job-locked-down', step: 'thief' },
  ])
  expect((await place.exec('ls', [place.at('work')])).stdout).not.toContain('later')
})
