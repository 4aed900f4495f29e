import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { madeUpToken } from '@runwarden/lab/tokens'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { inputDefaults } from '../src/inputs.ts'
import { ActionRig, type Ended } from './action-rig.ts'

// Each test is a job or more, with an agent that is started and ended.
vi.setConfig({ testTimeout: 600_000 })

let rig: ActionRig
beforeAll(async () => {
  rig = await ActionRig.start()
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())

/** For a shell, for Markdown and HTML, and for the runner's log: what it does shows as a file, a tag, a command. */
const hostile = (place: string): string =>
  `$(touch ${place})\`touch ${place}\`";touch ${place};'|touch ${place}&<img src=x onerror=alert(1)>|a|b|](javascript:x)::error::hacked##[error]hacked`

const inputs = { 'allowed-endpoints': 'one.example.com:80' }
const steps = `      - run: curl -sS -m 20 http://one.example.com/
      - run: curl -sS -m 20 http://two.example.com/ || true
`

/** It has done nothing: no program ran, no annotation is its, no Markdown is. */
function expectHarmless(job: Ended): void {
  expect(existsSync(rig.place.at('touched'))).toBe(false)
  for (const { message } of job.annotations) expect(message).not.toMatch(/^hacked/)
  expect(job.log).not.toMatch(/^##\[error\]hacked/m)
  // As code it is text; outside of it nothing of it may act.
  const plain = job.summary.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/(`+)[\s\S]*?\1/g, '')
  expect(plain).not.toMatch(/<img|\]\(javascript/)
  expect(job.annotations.filter(({ level }) => level === 'error')).toEqual([])
}

// CVE-2024-52587: a shell took USER and RUNNER_TEMP for commands.
test('USER, RUNNER_TEMP, branch, actor and workflow with metacharacters do nothing', async () => {
  const text = hostile(rig.place.at('touched'))
  const name = `runner $(touch x) "q" ;touch y;`
  await using runner = rig.runner(name, { env: { USER: text, LOGNAME: text, HOSTNAME: text } })
  const job = await rig.start(
    runner,
    { with: inputs, steps, name: text },
    {
      ref: `refs/heads/${text}`,
      actor: text,
      event: { name: 'pull_request', payload: { pull_request: { head: { ref: text } } } },
      runner: { name: text },
    },
  ).ended
  expect(job.status, job.log).toBe('success')
  expectHarmless(job)
  const blocked = rig.report(job).dns.find(({ verdict }) => verdict === 'blocked')
  expect(blocked?.name).toBe('two.example.com')
  const made = readdirSync(rig.place.at(name, '_work/repo/repo'))
  expect(made).toEqual([])
})

test('file names, step names and hosts with metacharacters do nothing', async () => {
  const text = hostile(rig.place.at('touched')).replaceAll('/', '_')
  const job = await rig.run({
    with: inputs,
    steps: `      - name: ${JSON.stringify(text)}
        run: |
          curl -sS -m 20 'http://a|b<img>.example.com/' || true
          cp /bin/true "$PWD/$NAME" && "$PWD/$NAME" "$NAME" && curl -sS -m 20 "http://two.example.com/$NAME" || true
        env: { NAME: ${JSON.stringify(text)} }
`,
  })
  expectHarmless(job)
  // It was there to be told.
  const ran = rig.events(job).flatMap((event) => (event.kind === 'process.exec' ? event.argv : []))
  expect(ran.some((word) => word.endsWith(text))).toBe(true)
})

test('variables that the workflow gives all steps change nothing of what holds', async () => {
  const touched = rig.place.at('touched')
  const script = rig.place.at('touch.sh')
  writeFileSync(script, `touch ${touched}\n`)
  const env = {
    'INPUT_EGRESS-POLICY': 'audit',
    'INPUT_FAIL-MODE': 'open',
    STATE_runwarden: '{"watching":{"by":"nobody","reason":"none","fails":false},"failMode":"open"}',
    GITHUB_WORKSPACE: '/nowhere',
    RUNNER_ENVIRONMENT: 'self-hosted',
    ENV: script,
    SUDO_ASKPASS: script,
    LD_PRELOAD: '/nowhere/library.so',
    TMPDIR: '/nowhere',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    http_proxy: 'http://203.0.113.9:1',
    HTTPS_PROXY: 'http://203.0.113.9:1',
  }
  const head = `    env: ${JSON.stringify(env)}\n`
  const direct = '      - run: curl --noproxy "*" -sS -m 20 http://two.example.com/ || true\n'
  const job = await rig.run({ with: inputs, head, steps: direct })
  expect(job.status, job.log).toBe('success')
  expect(existsSync(touched)).toBe(false)
  const report = rig.report(job)
  expect([report.egress, report.protection]).toEqual(['block', 'armed'])
  expect(report.dns.map(({ name, verdict }) => `${name} ${verdict}`)).toContain(
    'two.example.com blocked',
  )
})

/** Secrets, which are passed on as they are. */
const passed = new Set(['api-key', 'token'])

test.for(Object.keys(inputDefaults))(
  'the input %s with metacharacters does nothing',
  async (name) => {
    const text = hostile(rig.place.at('touched'))
    const job = await rig.run({ with: { ...inputs, [name]: text }, steps })
    expect(existsSync(rig.place.at('touched'))).toBe(false)
    expect(job.log).not.toMatch(/^(##\[error\])?hacked/m)
    const own = job.annotations.filter(({ level }) => level === 'error')
    for (const { message } of own) expect(message).not.toMatch(/^hacked/)
    expect(job.status, job.log).toBe(passed.has(name) ? 'success' : 'failure')
  },
)

test('nothing of the job’s environment is in a file or log of ours', async () => {
  const secrets = {
    GITHUB_TOKEN: 'ghs_marker0of0the0token',
    KEY: 'marker-of-a-secret',
    API: 'marker-of-the-api-key',
  }
  const argument = madeUpToken('ghs_', 'Argument')
  await using runner = rig.runner('marked', { env: { MARKED_A: 'marker-of-the-machine' } })
  const job = rig.start(
    runner,
    {
      with: { ...inputs, 'api-key': '${{ secrets.API }}', token: '${{ github.token }}' },
      head: '    env: { MARKED_B: marker-of-the-job, MARKED_C: "${{ secrets.KEY }}" }\n',
      steps: `${steps}      - run: curl -sS -m 20 http://two.example.com/ || true
        env: { MARKED_D: marker-of-a-step, TOKEN: "\${{ github.token }}" }
      - run: 'curl -sS -m 20 -H "Authorization: Bearer $TOKEN" http://one.example.com/'
        env: { TOKEN: ${argument} }
      - run: |
          for pid in $(ls /proc | grep '^[0-9]*$'); do
            [ "$(readlink "/proc/$pid/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
            readlink "/proc/$pid/exe" | grep -q /program/node || continue
            if grep -q marker "/proc/$pid/environ" "/proc/$pid/cmdline"; then echo "agent $pid has it"; fi
          done
`,
    },
    { secrets, services: { ACTIONS_RUNTIME_TOKEN: 'marker-of-the-service' } },
  )
  const result = await job.ended
  expect(result.status, result.log).toBe('success')
  expect(result.log).not.toContain('has it')
  // The agent's folders, and what the action gave back.
  const files = filesBelow(rig.place.at('var')).filter((path) => !path.includes('/program/'))
  expect(files.some((path) => path.endsWith('events.ndjson'))).toBe(true)
  expect(files.filter((path) => /marker[-0]of/.test(readFileSync(path, 'latin1')))).toEqual([])
  // Neither what a step has made an argument of it.
  const texts = files.map((path) => readFileSync(path, 'latin1'))
  expect(texts.filter((text) => text.includes(argument))).toEqual([])
  expect(texts.some((text) => text.includes('Authorization: Bearer [github-token]'))).toBe(true)
  const told = [result.log, result.summary, JSON.stringify(rig.outputs(result))].join('\n')
  expect(told).not.toMatch(/marker[-0]of[-0]the[-0](token|api|service|machine|job)|marker-of-a-s/)
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}
