import { type ContainerEngine, image, startContainerEngine } from '@runwarden/lab/containers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ActionRig, type Ended } from './action-rig.ts'

// Each test is a job in a container.
vi.setConfig({ testTimeout: 600_000 })

let rig: ActionRig
let engine: ContainerEngine
beforeAll(async () => {
  rig = await ActionRig.start()
  engine = await startContainerEngine(rig.lab)
}, 600_000)
afterAll(async () => {
  await engine[Symbol.asyncDispose]()
  await rig[Symbol.asyncDispose]()
})

const head = (options = ''): string =>
  // The runner's node has its libraries from the container's image.
  `    container: { image: '${image}', options: '-v /usr:/usr:ro --network host ${options}' }\n`

/** A job whose steps, the action's stages among them, run in a container. */
async function run(inputs: Readonly<Record<string, string>>, options?: string): Promise<Ended> {
  await using runner = rig.runner(
    `container-${Object.keys(inputs).length}-${options?.length ?? 0}`,
    {
      env: engine.env,
    },
  )
  const steps = '      - id: request\n        run: curl -sS -m 20 http://one.example.com/ || true\n'
  const text = { with: inputs, head: head(options), steps }
  return await rig.start(runner, text, { engine: ['podman'] }).ended
}

const said = ({ annotations }: Ended): string[] =>
  annotations.map(({ level, stage, message }) => `${stage} ${level}: ${message}`)
const outcome = ({ steps }: Ended): string | undefined =>
  steps.find(({ action }) => action === 'request')?.outcome

test.for([
  ['', undefined],
  ['that is privileged, and sees the machine’s processes', '--privileged --pid host'],
  ['with the socket of an agent', '-v /run:/run'],
] as const)('a job in a container %s: one annotation, and no step runs', async ([, options]) => {
  const job = await run({}, options)
  expect(job.status, job.log).toBe('failure')
  expect(said(job)).toEqual([
    expect.stringMatching(/^pre error: .*\(container:\).*fail-mode: closed/s),
  ])
  expect(outcome(job)).toBe('skipped')
  expect(await rig.reached()).toEqual([])
})

test('a job in a container, with fail-mode: open: it goes on, and says in every stage that it is not protected', async () => {
  const job = await run({ 'fail-mode': 'open' })
  expect(job.status, job.log).toBe('success')
  expect(said(job)).toEqual([
    expect.stringMatching(/^pre warning: NOT PROTECTED\. .*\(container:\)/),
    expect.stringMatching(/^main warning: NOT PROTECTED\. .*\(container:\)/),
  ])
  expect(job.summary).toContain('NOT PROTECTED')
  expect(job.summary).not.toContain('Protected')
  expect(outcome(job)).toBe('success')
})
