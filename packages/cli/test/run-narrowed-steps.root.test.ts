import { mkdirSync, writeFileSync } from 'node:fs'
import type { Event } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prepareJob } from './job.ts'
import { Place, runwarden } from './runwarden.ts'
import { arrived, arrivedOf } from './ways.ts'

let place: Place
let lab: Lab

const host = 'deploy.example.com'
const address = '198.51.100.91'

beforeAll(async () => {
  place = new Place()
  place.copyProgram('/usr/bin/curl', 'bin/fetch')
  const composite = place.at('actions', 'acme', 'many', 'v1')
  mkdirSync(composite, { recursive: true })
  writeFileSync(
    `${composite}/action.yml`,
    `name: many\ndescription: ''\nruns:\n  using: composite\n  steps:\n    - { id: own, run: "${curl('within')}", shell: bash }\n`,
  )
  lab = await startLab({
    servers: [{ name: host, addresses: [address], ports: { http: [8080, 8081, 8082], udp: 8083 } }],
  })
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

/** A request with a mark, that says nothing and never fails. */
function curl(mark: string, where = `${host}:8080`, program = 'curl'): string {
  return `${program} -sm20 http://${where}/${mark} || true`
}

const step = (id: string, ...lines: string[]): string =>
  `      - id: ${id}\n        run: |\n${lines.map((line) => `          ${line}\n`).join('')}`

const steps = (): string => `${step(
  'deploy',
  curl('own'),
  `sh -c '(${curl('child')}); true'`,
  `python3 -c 'import urllib.request; urllib.request.urlopen("http://${host}:8080/python")'`,
  `echo datagram > /dev/udp/${address}/8083`,
  curl('wrong-program', `${address}:8081`),
  curl('program', `${address}:8081`, place.at('bin/fetch')),
  curl('other-step', `${address}:8082`),
  `(while [ ! -e "$GITHUB_WORKSPACE/late" ]; do sleep 0.1; done; ${curl('background')}; touch "$GITHUB_WORKSPACE/done") > /dev/null 2>&1 &`,
)}${step(
  'evil',
  'export GITHUB_ACTION=deploy',
  curl('evil'),
  curl('evil-by-address', `${address}:8080`),
  `env -i GITHUB_ACTION=deploy ${curl('evil-clean')}`,
  `setsid sh -c '${curl('evil-session')}'`,
  `bash -c 'echo evil-datagram > /dev/udp/${address}/8083' || true`,
  curl('evil-program', `${address}:8081`, place.at('bin/fetch')),
  'cp /bin/dash "$RUNNER_TEMP/Runner.Worker"',
  `"$RUNNER_TEMP/Runner.Worker" -c 'GITHUB_ACTION=deploy sh -c "${curl('evil-worker')}"; :'`,
  `python3 -c 'import os; os.environ["GITHUB_ACTION"] = "deploy"; os.system("${curl('evil-system')}")'`,
  'echo GITHUB_ACTION=deploy >> "$GITHUB_ENV"',
  `for i in $(seq 12); do echo "FILL$i=$(head -c 100000 /dev/zero | tr '\\\\0' x)"; done >> "$GITHUB_ENV"`,
  'for i in $(seq 3000); do echo "MANY$i="; done >> "$GITHUB_ENV"',
)}${step('after', curl('after'))}${step('deploy-not', curl('longer-id'))}      - id: all
        uses: acme/many@v1
${step('big', curl('big', `${address}:8082`), 'touch "$GITHUB_WORKSPACE/late"', 'while [ ! -e "$GITHUB_WORKSPACE/done" ]; do sleep 0.1; done')}`

const marks: Record<string, boolean> = {
  own: true,
  child: true,
  python: true,
  datagram: true,
  'wrong-program': false,
  program: true,
  'other-step': false,
  // It outlives its step, and stays in it.
  background: true,
  evil: false,
  'evil-by-address': false,
  'evil-clean': false,
  'evil-session': false,
  'evil-datagram': false,
  'evil-program': false,
  'evil-worker': false,
  'evil-system': false,
  after: false,
  'longer-id': false,
  within: true,
  big: true,
}

async function run(egress: string): Promise<Event[]> {
  const out = place.at(egress)
  writeFileSync(
    place.at('policy.yml'),
    `version: 1
egress: ${egress}
allow:
  - endpoint: ${host}:8080
    steps: [deploy, all]
  - endpoint: ${address}:8081
    steps: [deploy]
    exe: [${place.at('bin/fetch')}]
  - endpoint: ${address}:8082
    steps: [big]
  - endpoint: udp://${address}:8083
    steps: [deploy]
`,
  )
  const worker = prepareJob(place.at(`job-${egress}`), steps(), { actions: place.at('actions') })
  const args = ['--policy', 'policy.yml', '--quiet', '--out', out, '--workspace', worker.workspace]
  const ended = await lab.runner.exec(runwarden, ['run', ...args, '--', ...worker.command], {
    cwd: place.path,
  })
  expect(ended.status, ended.stderr).toBe(0)
  expect(worker.result().steps.map(({ outcome }) => outcome)).not.toContain('failure')
  return place.events(out)
}

describe('lines that are narrowed to steps', () => {
  let events: Event[]
  beforeAll(async () => {
    events = await run('block')
  })

  test('let through what their steps do, whatever processes say of themselves', async () => {
    const allowed = Object.keys(marks).filter((mark) => marks[mark])
    expect(arrivedOf(Object.keys(marks), await arrived(lab))).toEqual(allowed)
  })

  test('are enforced, and no word says otherwise', () => {
    expect(JSON.stringify(events)).not.toContain('not enforced')
  })

  test('are named in the reason of what they refuse', () => {
    const reasons = events.flatMap((event) =>
      (event.kind === 'net.connect' || event.kind === 'dns.query') && event.verdict === 'blocked'
        ? [`${event.step}: ${event.reason}`]
        : [],
    )
    expect(reasons).toContain(`evil: policy.yml:4 ${host}:8080 allows it to steps deploy, all only`)
    expect(reasons).toContain(
      `deploy: policy.yml:6 ${address}:8081 allows it to steps deploy and programs ${place.at('bin/fetch')} only`,
    )
    expect(reasons).toContain(`deploy: policy.yml:9 ${address}:8082 allows it to steps big only`)
  })
})

test('in audit mode what other steps do passes, and is told with the line', async () => {
  const events = await run('audit')
  const told = events.filter(
    (event) => event.kind === 'net.connect' && event.verdict === 'would-block',
  )
  expect(told.map((event) => event.step)).toContain('evil')
  const all = Object.keys(marks)
  expect(arrivedOf(all, await arrived(lab))).toEqual(all)
})

test('a command without a worker is one step, which a line may name; a worker of its own makes no others', async () => {
  writeFileSync(
    place.at('policy.yml'),
    `version: 1\negress: block\nallow:\n  - endpoint: ${address}:8080\n    steps: [mine, deploy]\n`,
  )
  const forged = `GITHUB_ACTION=deploy sh -c '${curl('forged-alone', `${address}:8080`)}'; :`
  const fake = place.copyProgram('/bin/dash', 'Runner.Worker')
  const job = `${curl('alone', `${address}:8080`)}; ${fake} -c "${forged}"; :`
  const args = ['run', '--policy', 'policy.yml', '--quiet', '--step', 'mine', '--', 'sh', '-c', job]
  const ended = await lab.runner.exec(runwarden, args, { cwd: place.path })
  expect(ended.status, ended.stderr).toBe(0)
  expect(arrivedOf(['alone', 'forged-alone'], await arrived(lab))).toEqual(['alone'])
})
