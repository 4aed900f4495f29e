import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { zstdDecompressSync } from 'node:zlib'
import { type ExecResult, type Lab, linkAddresses, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ControlPlane, eventually, type Page } from './control-plane.ts'
import { Place, runwarden, until } from './runwarden.ts'

/** A control plane of its own on the runner, at an address that is not loopback, by TLS; and runs that have it. */
let place: Place
let lab: Lab
let plane: ControlPlane
let key: string
let out: string
let runs = 0

const url = 'https://control.example.com:7380'

beforeAll(async () => {
  place = new Place()
  lab = await startLab({
    records: { 'control.example.com': [linkAddresses.runner4] },
    servers: [
      { name: 'one.example.com', addresses: ['198.51.100.10'], ports: { http: 80 } },
      { name: 'two.example.com', addresses: ['198.51.100.11'], ports: { http: 80 } },
    ],
  })
  const issued = await lab.issue(['control.example.com'])
  writeFileSync(place.at('cert.pem'), issued.cert)
  writeFileSync(place.at('key.pem'), issued.key)
  plane = await ControlPlane.start({
    lab,
    place,
    url,
    words: [
      `--listen=${linkAddresses.runner4}:7380`,
      `--url=${url}`,
      `--tls-cert=${place.at('cert.pem')}`,
      `--tls-key=${place.at('key.pem')}`,
    ],
  })
  key = place.at('api-key')
  writeFileSync(key, `${await plane.newKey('agent')}\n`)
})
afterAll(async () => {
  plane[Symbol.dispose]()
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

/** `runwarden run` as a job of acme/app, with its files in a folder of its own. */
function run(
  words: readonly string[],
  { at = url, env = {}, to }: { at?: string; env?: Record<string, string>; to?: string } = {},
): Promise<ExecResult> {
  runs++
  out = to ?? place.at(`out-${runs}`)
  return lab.runner.exec(
    runwarden,
    ['run', '--server', at, '--api-key-file', key, '--out', out, ...words],
    {
      cwd: place.path,
      timeout: 110_000,
      env: {
        GITHUB_REPOSITORY: 'acme/app',
        GITHUB_RUN_ID: String(runs),
        GITHUB_JOB: 'build',
        ...env,
      },
    },
  )
}

/** The id of a run's job. */
async function jobOf(run: number): Promise<string> {
  const { items } = await plane.ask<Page<{ id: string; runId: string }>>('/v1/orgs/acme/jobs')
  return items.find(({ runId }) => runId === String(run))?.id ?? 'none'
}

/** What a job says of itself by a file is not yet said: another test may have used its name, or this one is tried again. */
const unsay = (...names: string[]): void => {
  for (const name of names) rmSync(place.at(name), { force: true })
}

test('what a job does is at the control plane, which the job itself cannot reach', async () => {
  const command = `curl -s -m 20 http://one.example.com/; curl -sk -m 20 ${url}/healthz; echo " $?"`
  const { status, stdout, stderr } = await run([
    '--egress=block',
    '--allow=one.example.com:80',
    '--',
    'bash',
    '-c',
    command,
  ])
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/ [1-9]\d*\n$/) })
  expect(stderr).toContain(
    `runwarden: View security insights and recommended policy at: ${url}/github/acme/app/actions/runs/${runs}\n`,
  )
  expect(stderr).not.toContain('NOT SENT')
  const id = await jobOf(runs)
  expect(await plane.ask(`/v1/orgs/acme/jobs/${id}/report`)).toEqual(place.report(out))
  const job = await plane.indexed(id)
  expect(job).toMatchObject({
    exit: 0,
    totals: { events: place.events(out).length, notUnderstood: 0 },
    eventsLost: {},
  })
  const destinations = await plane.ask(`/v1/orgs/acme/jobs/${id}/destinations`)
  expect(destinations).toMatchObject({ items: [{ host: 'one.example.com', verdict: 'allowed' }] })
  const { items } = await plane.ask<Page<{ rule: string }>>(`/v1/orgs/acme/jobs/${id}/detections`)
  expect(items.map(({ rule }) => rule)).toEqual(['domain-blocked'])
  expect(jobsWaiting()).toEqual([])
  // By what its programs held it is found, as often as they were started.
  const curl = createHash('sha256').update(readFileSync('/usr/bin/curl')).digest('hex')
  expect(await plane.ask(`/v1/orgs/acme/search?hash=${curl}`)).toMatchObject({
    items: [{ job: { id }, count: 2 }],
  })
  const tree = await plane.ask<Page<{ images: { exe: string }[] }>>(
    `/v1/orgs/acme/jobs/${id}/process-tree?search=curl`,
  )
  expect(tree.items.flatMap(({ images }) => images)).toContainEqual(
    expect.objectContaining({ exe: '/usr/bin/curl', sha256: curl }),
  )
})

test.for([
  ['audit', []],
  ['block', ['--allow', 'two.example.com:80']],
] as const)(
  'an entry of the block list is in force on a job that runs, in %s mode, whatever it allows',
  async ([egress, allow]) => {
    const value = 'two.example.com'
    const command = `until ! curl -sf -m 20 -o /dev/null http://${value}/; do echo passed; sleep 0.2; done`
    const running = run(['--egress', egress, ...allow, '--', 'bash', '-c', command])
    await until(() => existsSync(join(out, 'events.ndjson')) && asked(value) > 2)
    const unblock = await plane.block(value)
    const { status, stdout, stderr } = await running
    await unblock()
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('passed') })
    expect(stderr).not.toContain('NOT in force')
    const blocked = place
      .events(out)
      .filter((event) => 'verdict' in event && event.verdict === 'attack-blocked')
    expect(blocked.length).toBeGreaterThan(0)
    expect(JSON.stringify(blocked)).toContain('serves malware')
    const states = place.eventsOf('agent.health', out).map(({ detail }) => detail)
    expect(states).toContainEqual(
      expect.stringMatching(/^block list [\da-f]{32} of the control plane is in force: /),
    )
  },
)

/** Connections to a host that are in the record. */
function asked(host: string): number {
  return readFileSync(join(out, 'events.ndjson'), 'utf8').split(`"host":"${host}"`).length - 1
}

test('without --policy the control plane’s policy holds, and its block list from the first moment', async () => {
  await plane.savePolicy('egress: block\nallow:\n  - one.example.com:80\n')
  await plane.attachPolicy()
  const command =
    'for n in one two; do curl -sf -m 20 -o /dev/null http://$n.example.com/; echo $n $?; done'
  const first = await run(['--', 'bash', '-c', command])
  expect(first.stdout).toMatch(/^one 0\ntwo [1-9]\d*\n$/)
  const own = place.at('own.yml')
  writeFileSync(own, 'version: 1\negress: block\nallow:\n  - two.example.com:80\n')
  const second = await run(['--policy', own, '--', 'bash', '-c', command])
  expect(second.stdout).toMatch(/^one [1-9]\d*\ntwo 0\n$/)
})

test('a policy that is saved while a job runs is in force on it: it gains a destination, and loses another', async () => {
  const save = (...hosts: string[]) => {
    const allow = hosts.map((host) => `  - ${host}.example.com:80\n`).join('')
    return plane.savePolicy(`egress: block\nallow:\n${allow}`)
  }
  await save('one')
  unsay('began')
  const command = `get() { curl -sf -m 20 -o /dev/null http://$1.example.com/; }
    get one && ! get two && echo first; touch began
    until get two; do sleep 0.1; done; echo gained
    while get one; do sleep 0.1; done; echo lost`
  const running = run(['--', 'bash', '-c', command])
  await until(() => existsSync(place.at('began')))
  const policy = (of: string) => plane.ask<Policy>(`/v1/orgs/acme/jobs/${of}/policy`)
  const began = await eventually(
    async () => policy(await jobOf(runs)),
    ({ told }) => told.length > 0,
  )
  expect(began).toMatchObject({ egress: 'block', told: { length: 1 }, number: 1 })
  expect(began.lines.at(-1)).toMatchObject({
    text: '  - "one.example.com:80"',
    source: { level: 'organisation', name: 'base', line: 4 },
  })
  await save('two')
  const { status, stdout, stderr } = await running
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'first\ngained\nlost\n' })
  expect(stderr).not.toContain('NOT in force')
  const id = await jobOf(runs)
  const ended = await policy(id)
  expect(ended.lines.at(-1)).toMatchObject({ text: '  - "two.example.com:80"' })
  expect(ended.told.map(({ number, egress }) => ({ number, egress }))).toEqual([
    { number: 2, egress: 'block' },
    { number: 1, egress: 'block' },
  ])
  // The record at the control plane tells of it.
  const job = await plane.indexed(id)
  expect(job.totals).toMatchObject({ events: place.events(out).length })
  const { items } = await plane.ask<Page<{ time: number; state: string; detail: string }>>(
    `/v1/orgs/acme/jobs/${id}/timeline?kinds=agent.health&limit=500`,
  )
  const told = items.find(({ detail }) => detail.startsWith('policy base v'))
  expect(told).toMatchObject({
    state: 'armed',
    detail: expect.stringMatching(
      /^policy base v\d+ \(organisation\) of the control plane is in force: block$/,
    ),
  })
  const destinations = await plane.ask<Page<{ host: string; verdict: string }>>(
    `/v1/orgs/acme/jobs/${id}/destinations`,
  )
  const seen = destinations.items.map(({ host, verdict }) => `${host} ${verdict}`).toSorted()
  expect(seen).toContain('one.example.com allowed')
  expect(seen).toContain('two.example.com allowed')
})

test('what a job’s own command line says is at the control plane while the job runs, and never its key', async () => {
  const own = place.at('own-lines.yml')
  writeFileSync(own, 'version: 1\negress: audit\nallow:\n  - two.example.com:80\n')
  const policyWords = ['--policy', own, '--egress', 'block', '--allow', 'one.example.com:80']
  const command = 'touch armed; until [ -e seen ]; do sleep 0.1; done'
  const running = run([...policyWords, '--', 'bash', '-c', command])
  await until(() => existsSync(place.at('armed')))
  const { id } = await eventually(
    async () =>
      plane.ask<{ id: string; egress: string | null }>(`/v1/orgs/acme/jobs/${await jobOf(runs)}`),
    ({ egress }) => egress !== null,
  )
  const job = await plane.ask(`/v1/orgs/acme/jobs/${id}`)
  expect(job).toMatchObject({ state: 'running', egress: 'block', protection: 'armed' })
  const policy = await plane.ask<Policy>(`/v1/orgs/acme/jobs/${id}/policy`)
  expect(policy).toMatchObject({
    from: 'workflow',
    lines: [
      { text: 'version: 1' },
      { text: 'egress: block' },
      { text: 'fail-mode: closed' },
      { text: 'allow:' },
      { text: '  - "two.example.com:80"', from: `${own}:4`, source: null },
      { text: '  - "one.example.com:80"', from: '--allow:1', source: null },
    ],
  })
  expect(JSON.stringify(policy)).not.toContain(readFileSync(key, 'utf8').trim())
  const why = await plane.ask(`/v1/orgs/acme/jobs/${id}/why?host=three.example.com&port=80`)
  expect(why).toMatchObject({ explained: { verdict: 'blocked' } })
  writeFileSync(place.at('seen'), '')
  expect(await running).toMatchObject({ status: 0 })
})

test('the key in the environment is used, and the command does not get it', async () => {
  const [secret = ''] = readFileSync(key, 'utf8').split('\n')
  const { status, stdout, stderr } = await lab.runner.exec(
    runwarden,
    ['run', '--server', url, '--out', place.at('by-key'), '--', 'env'],
    { cwd: place.path, env: { RUNWARDEN_API_KEY: secret } },
  )
  expect(status).toBe(0)
  expect(stderr).not.toContain('NO CONTROL PLANE')
  expect(stdout).toContain('PATH=')
  expect(stdout).not.toContain('RUNWARDEN_API_KEY')
  const alone = await lab.runner.exec(runwarden, ['run', '--quiet', '--', 'env'], {
    cwd: place.path,
    env: { RUNWARDEN_API_KEY: secret },
  })
  expect(alone).toMatchObject({ status: 0, stdout: expect.not.stringContaining(secret) })
})

test.for([
  ['local', 0, 'the command line alone says what holds', '6'],
  ['audit', 0, 'nothing is blocked but what is on the block list', '0'],
  ['fail', 125, '', ''],
] as const)(
  'a control plane that is not there, --on-server-failure %s',
  async ([mode, expected, said, curl]) => {
    const command = 'curl -s -m 20 -o /dev/null http://two.example.com/; echo $?'
    const { status, stdout, stderr } = await run(
      ['--on-server-failure', mode, '--egress', 'block', '--', 'bash', '-c', command],
      { at: 'https://control.example.com:7399' },
    )
    expect({ status, stdout: stdout.trim() }).toEqual({ status: expected, stdout: curl })
    expect(stderr).toContain('https://control.example.com:7399/v1/jobs could not be asked')
    expect(stderr).toContain(said)
    if (mode === 'fail') return
    // Whoever looks at the record alone sees it.
    const gap = expect.stringMatching(`^NO CONTROL PLANE: .*${said}`)
    expect(place.report(out).health.gaps).toContainEqual(gap)
    expect(place.eventsOf('agent.health', out)).toContainEqual(
      expect.objectContaining({ state: 'gap', detail: gap }),
    )
    expect(stderr.split('runwarden: NO CONTROL PLANE')).toHaveLength(2)
  },
)

test('a run that comes to nothing, or of which nothing can be kept, is none whose agent fell silent', async () => {
  const job = async () => {
    const id = await jobOf(runs)
    const { items } = await plane.ask<Page<object>>(`/v1/orgs/acme/jobs/${id}/detections`)
    return { ...(await plane.ask<object>(`/v1/orgs/acme/jobs/${id}`)), detections: items }
  }
  const own = place.at('confined.yml')
  // It wants an account of the command's own.
  writeFileSync(own, 'version: 1\negress: block\ndisable-sudo: true\n')
  const notArmed = await run(['--policy', own, '--', 'true'])
  expect(notArmed).toMatchObject({ status: 125, stderr: expect.not.stringContaining('NOT SENT') })
  expect(await job()).toMatchObject({
    state: 'finished',
    protection: 'not-run',
    exit: 125,
    detections: [],
  })

  writeFileSync(place.at('file'), '')
  const to = place.at('file', 'x')
  const unkept = await run(['--egress', 'block', '--', 'true'], { to })
  expect(unkept.status).toBe(125)
  expect(unkept.stderr).toContain('RECORD INCOMPLETE: ')
  expect(await job()).toMatchObject({ state: 'finished', protection: 'armed', detections: [] })

  await plane.savePolicy('egress: block\n')
  await plane.attachPolicy().catch(() => undefined)
  const database = new DatabaseSync(place.at('data', 'runwarden.sqlite'))
  const append = "UPDATE policy_versions SET text = text || 'new-key: true\n'"
  database.exec(append)
  const unread = await run(['--', 'touch', 'was-run'])
  database.exec("UPDATE policy_versions SET text = replace(text, 'new-key: true\n', '')")
  database.close()
  expect(unread.status).toBe(125)
  expect(unread.stderr).toMatch(
    /the command was not run: this version \(.*\) cannot put in force what https:\/\/control.*base v\d+ \(organisation\):3:1: "new-key"/,
  )
  expect(existsSync(place.at('was-run'))).toBe(false)
  expect(await job()).toMatchObject({ protection: 'unprotected', detections: [] })
})

test.for([
  [['--api-key-file', 'x'], '--api-key-file is of use with --server URL only'],
  [['--on-server-failure', 'fail'], '--on-server-failure is of use with --server URL only'],
  [['--server', 'https://control.example.com'], '--server needs an API key'],
] as const)('%s: a mistake on the command line', async ([words, said]) => {
  const ended = await lab.runner.exec(runwarden, ['run', ...words, '--', 'true'])
  expect(ended).toMatchObject({ status: 125, stderr: expect.stringContaining(said) })
})

test.for([
  ['http://control.example.com:7380', 'a control plane needs https://'],
  ['control.example.com', 'is no control plane’s URL'],
] as const)('%s is not asked', async ([at, said]) => {
  const { status, stderr } = await run(['--', 'true'], { at })
  expect({ status, stderr }).toEqual({ status: 125, stderr: expect.stringContaining(said) })
})

test('a control plane that is killed while a job runs, and is back, has all of it', async () => {
  unsay('began', 'again')
  const command = `curl -s http://one.example.com/ -o /dev/null; touch began; until [ -e again ]; do sleep 0.1; done; curl -s http://two.example.com/ -o /dev/null`
  const running = run(['--egress', 'audit', '--', 'bash', '-c', command])
  await until(() => existsSync(place.at('began')))
  await plane.kill()
  await plane.goOn()
  writeFileSync(place.at('again'), '')
  const { status, stderr } = await running
  expect(status).toBe(0)
  expect(stderr).not.toContain('NOT SENT')
  const id = await jobOf(runs)
  const job = await plane.indexed(id)
  expect(job.totals).toMatchObject({ events: place.events(out).length, notUnderstood: 0 })
})

test('what an agent that was killed has not sent, the next one sends', async () => {
  unsay('told')
  const command = `curl -s http://one.example.com/ -o /dev/null; touch told; until [ -e never ]; do sleep 0.1; done`
  const killed = ++runs
  out = place.at(`out-${killed}`)
  const folder = out
  const agent = lab.runner.spawn(
    runwarden,
    [
      'run',
      '--server',
      url,
      '--api-key-file',
      key,
      '--out',
      folder,
      '--egress',
      'audit',
      '--',
    ].concat(['bash', '-c', command]),
    {
      cwd: place.path,
      stdio: 'ignore',
      env: { GITHUB_REPOSITORY: 'acme/app', GITHUB_RUN_ID: String(killed), GITHUB_JOB: 'build' },
    },
  )
  await until(() => existsSync(place.at('told')))
  await plane.kill()
  const [waiting = ''] = jobsWaiting()
  // Its connection lies in the spool, which is written a little after the run's own record.
  await until(() => {
    const connect = place.events(folder).find(({ kind }) => kind === 'net.connect')
    return connect !== undefined && lastKept(waiting) >= connect.seq
  })
  agent.kill('SIGKILL')
  await once(agent, 'exit')
  const last = lastKept(waiting)
  await plane.goOn()
  // Its command goes on under its policy, until it ends.
  writeFileSync(place.at('never'), '')
  const { status, stderr } = await run(['--egress', 'audit', '--', 'true'])
  expect(status).toBe(0)
  expect(stderr).toMatch(/has got the rest of job [\w-]+, whose agent ended before/)
  const id = await jobOf(killed)
  const job = await plane.indexed(id)
  // Each once: they are numbered from 1.
  expect(job.totals.events).toBe(last)
  // The report that was written at its start is none of its end.
  expect(job).toMatchObject({ state: 'lost', hasReport: false })
  const found = await plane.ask<Page<{ title: string }>>(`/v1/orgs/acme/jobs/${id}/detections`)
  expect(found.items).toContainEqual(
    expect.objectContaining({ title: 'The agent died before the job ended' }),
  )
  expect(jobsWaiting()).toEqual([])
})

test('what waits is not the record: its account may have another in its place, and its folder may be used again', async () => {
  unsay('told', 'never')
  const checkout = place.at('checkout')
  mkdirSync(checkout)
  chownSync(checkout, 65534, 65534)
  const job = ++runs
  const script = `curl -s -m 3 http://one.example.com/; touch ../told; until [ -e ../never ]; do sleep 0.1; done; exit 5`
  const env = { GITHUB_REPOSITORY: 'acme/app', GITHUB_RUN_ID: String(job), GITHUB_JOB: 'build' }
  const words = ['run', '--server', url, '--api-key-file', key, '--egress=block', '--user=nobody']
  chmodSync(place.path, 0o777)
  const agent = lab.runner.spawn(runwarden, [...words, '--out=report', '--', 'sh', '-c', script], {
    cwd: checkout,
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  })
  let said = ''
  agent.stderr?.on('data', (text: string) => (said += text))
  await until(() => existsSync(place.at('told')))
  await plane.kill()
  writeFileSync(place.at('never'), '')
  await once(agent, 'exit')
  expect(said).toContain('NOT SENT: ')
  const [waiting = ''] = jobsWaiting()
  expect(said).toContain(`they wait in ${waiting}`)
  const report = place.report(join(checkout, 'report'))
  expect(report.detections.map((one) => one.id)).toEqual(['domain-blocked'])
  // As the account of the job: it can clean up, have what it likes in place of the record, and cannot see what waits.
  const act = `rm -r report && mkdir -p report/spool && mkfifo report/report.json && ! ls ${waiting} && ! ls ${dirname(waiting)}`
  const account = ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', act]
  execFileSync('setpriv', account, { cwd: checkout, stdio: ['ignore', 'ignore', 'pipe'] })
  await plane.goOn()
  const { status, stderr } = await run(['--egress', 'audit', '--', 'true'])
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: expect.stringMatching(/has got the rest of job [\w-]+, whose agent ended before/),
  })
  const id = await jobOf(job)
  expect(await plane.indexed(id)).toMatchObject({ state: 'finished', exit: 5 })
  expect(await plane.ask(`/v1/orgs/acme/jobs/${id}/report`)).toEqual(report)
  const { items } = await plane.ask<Page<{ rule: string }>>(`/v1/orgs/acme/jobs/${id}/detections`)
  expect(items.map(({ rule }) => rule)).toEqual(['domain-blocked'])
  expect(jobsWaiting()).toEqual([])
})

const unsentJobs = '/var/lib/runwarden/unsent'

/** Folders of the jobs of this plane that wait; those of other tests lie beside them. */
function jobsWaiting(): string[] {
  if (!existsSync(unsentJobs)) return []
  return readdirSync(unsentJobs)
    .map((name) => join(unsentJobs, name))
    .filter((path) => ifThere(join(path, 'job.json'))?.includes(url) === true)
}

/** Number of the last event that waits; 0 while there is none. */
function lastKept(waiting: string): number {
  const spool = join(waiting, 'spool')
  const files = readdirSync(spool).filter((name) => /^\d+\.(zst|ndjson)$/.test(name))
  const numbers = files.flatMap((name) => {
    const bytes = ifThere(join(spool, name))
    if (bytes === undefined) return []
    const text = name.endsWith('.zst') ? zstdDecompressSync(bytes.subarray(64)) : bytes
    const whole = text.toString().split('\n').slice(0, -1)
    return whole.map((line) => (JSON.parse(line) as { seq: number }).seq)
  })
  return Math.max(0, ...numbers)
}

/** Undefined for a file that was packed meanwhile: it is there under its other name at the next look. */
function ifThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

interface Policy {
  egress: string | null
  told: { number: number; egress: string }[]
  number: number | null
  lines: { text: string; from: string | null; source: object | null }[]
}
