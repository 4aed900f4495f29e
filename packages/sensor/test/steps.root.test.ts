import { copyFileSync, existsSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openMapById } from '@runwarden/libbpf'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ExecRecord, type SensorRecord, startSensor } from '../src/index.ts'
import { compileAct, Observed } from './observed.ts'

let act: string
beforeAll(() => {
  act = compileAct('steps')
})

/** A scope with a shell that is called Runner.Worker: each command of a script is a child of it. */
class Worker extends Observed {
  readonly worker = join(this.folder, 'Runner.Worker')

  constructor() {
    super()
    copyFileSync('/bin/dash', this.worker)
  }

  /** @param script dash; the last command of one would take the shell's place */
  async work(script: string): Promise<void> {
    const { status, stderr } = await this.run(this.worker, '-c', `${script}\n:`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  }

  /** The one process that ran with this word among its arguments. */
  ran(word: string): ExecRecord {
    const [record, ...more] = this.of('exec').filter(({ argv }) => argv.includes(word))
    if (record === undefined || more.length > 0) throw new Error(`${word}: not one process`)
    return record
  }

  /** GITHUB_ACTION of the step that a process is in; undefined: in none. */
  stepOf(word: string): string | undefined {
    const { step } = this.ran(word)
    return this.of('step').find((begun) => begun.step === step)?.environment['GITHUB_ACTION']
  }
}

describe('a step', () => {
  it('begins with a child of the worker, and is told with what tells it apart, and no more', async () => {
    using seen = new Worker()
    await seen.work(
      's=ret; GITHUB_ACTION=one GITHUB_JOB=build GITHUB_TOKEN=sec$s RUNNER_X=sec$s X=sec$s /bin/true first',
    )
    const [worker] = seen.of('worker')
    expect(worker?.first).toBe(true)
    expect(seen.of('exec').find(({ exe }) => exe === seen.worker)?.execId).toBe(worker?.execId)
    expect(seen.of('step')).toMatchObject([
      {
        execId: seen.ran('first').execId,
        parentExecId: worker?.execId,
        incomplete: false,
        environment: { GITHUB_ACTION: 'one', GITHUB_JOB: 'build' },
      },
    ])
    expect(Object.keys(seen.of('step')[0]?.environment ?? {})).toEqual([
      'GITHUB_ACTION',
      'GITHUB_JOB',
    ])
    expect(JSON.stringify(seen.records)).not.toContain('secret')
  })

  it('is told before what is done in it, and each child of the worker is one', async () => {
    using seen = new Worker()
    await seen.work(
      `GITHUB_ACTION=one sh -c '/bin/true a; (/bin/true b; :)'; GITHUB_ACTION=two /bin/true c`,
    )
    expect([seen.stepOf('a'), seen.stepOf('b'), seen.stepOf('c')]).toEqual(['one', 'one', 'two'])
    const at = (kind: string, step: number) =>
      seen.records.findIndex(
        (record) => record.kind === kind && 'step' in record && record.step === step,
      )
    expect(at('step', 1)).toBeLessThan(at('exec', 1))
    for (const fork of seen
      .of('fork')
      .filter(({ step }) => step === 1)
      .slice(1))
      expect(seen.records.indexOf(fork)).toBeGreaterThan(at('step', 1))
  })

  it.each([1, 4060, 4080, 4096, 4100, 8185, 100_000, 1_000_000])(
    'is known with %i bytes of other variables before and behind its own, the first of a name',
    async (size) => {
      using seen = new Observed()
      const worker = join(seen.folder, 'Runner.Worker')
      copyFileSync(act, worker)
      expect(await seen.run(worker, 'begin', `${size}`, '/bin/true')).toMatchObject({ status: 0 })
      expect(seen.of('step')).toMatchObject([
        { incomplete: false, environment: { GITHUB_ACTION: 'far', GITHUB_JOB: 'build' } },
      ])
    },
  )
})

describe('a program called Runner.Worker', () => {
  it.each([
    ['as any other', 'WORKER -c :', false],
    ['in a pid namespace of its own', 'unshare --pid --fork --kill-child WORKER -c :', true],
    [
      'with files of its own alone',
      `unshare --mount sh -c "
        mount -t tmpfs root ROOT && cd ROOT && cp WORKER . && mkdir usr lib lib64 &&
        for at in usr lib lib64; do test ! -e /\\$at || mount --rbind /\\$at \\$at || exit 1; done &&
        exec chroot . /Runner.Worker -c :"`,
      true,
    ],
  ])('that is started %s is told with whether a daemon put it there', async (_, way, contained) => {
    using seen = new Worker()
    const root = mkdtempSync(join(seen.folder, 'root-'))
    const script = way.replaceAll('WORKER', seen.worker).replaceAll('ROOT', root)
    const { status, stderr } = await seen.run('sh', '-c', `${script}\n:`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(seen.of('worker')).toMatchObject([{ first: false, contained }])
  })
})

/** Does something in the step `one`, and nothing in the step `two`. */
async function inOne(way: string): Promise<Worker> {
  const seen = new Worker()
  await seen.work(`GITHUB_ACTION=one sh -c "${way}; :"; GITHUB_ACTION=two /bin/true other`)
  expect(seen.stepOf('other')).toBe('two')
  return seen
}

describe('nothing leads out of a step', () => {
  it.each([
    ['another environment', 'GITHUB_ACTION=two /bin/true mark'],
    ['no environment', 'env -i /bin/true mark'],
    ['a brother by CLONE_PARENT', 'ACT sibling /bin/true mark'],
    ['an orphan of another session', 'ACT orphan /bin/true mark'],
    ['a thread that runs another program', 'ACT thread /bin/true mark'],
    ['another pid namespace', 'unshare --pid --fork --kill-child /bin/true mark'],
  ])('%s', async (_, way) => {
    using seen = await inOne(way.replace('ACT ', `${act} `))
    const marks = seen
      .of('exec')
      .filter(({ argv, exe }) => argv.at(-1) === 'mark' && exe.endsWith('/true'))
    expect(marks).toHaveLength(1)
    const numbers = new Map(
      seen.of('step').map(({ step, environment }) => [step, environment['GITHUB_ACTION']]),
    )
    expect(numbers.get(marks[0]?.step ?? 0)).toBe('one')
  })

  it.each([
    ['started as it is', 'WORKER'],
    ['by a thread', 'ACT thread WORKER'],
    ['as a brother', 'ACT sibling WORKER'],
    ['as an orphan', 'ACT orphan WORKER'],
  ])('a worker of its own, %s', async (_, way) => {
    using seen = new Worker()
    const start = way.replace('ACT ', `${act} `).replace('WORKER', seen.worker)
    await seen.work(
      `GITHUB_ACTION=one sh -c "${start} -c 'GITHUB_ACTION=two /bin/true mark; :'; :"`,
    )
    expect(seen.of('worker')).toHaveLength(1)
    expect(seen.of('step')).toHaveLength(1)
    const mark = seen.of('exec').find(({ exe }) => exe.endsWith('/true'))
    expect(mark?.step).toBe(1)
  })

  it('a way out of the scope and back', async () => {
    using seen = new Worker()
    const outside = mkdtempSync(join(dirname(seen.cgroup), 'runwarden-outside-'))
    try {
      await seen.work(
        `GITHUB_ACTION=one sh -c "${act} move ${outside} ${seen.cgroup} ${seen.worker} -c 'GITHUB_ACTION=two /bin/true mark; :'; :"`,
      )
    } finally {
      rmdirSync(outside)
    }
    expect(seen.of('worker')).toHaveLength(1)
    expect(seen.ran('mark').step).toBe(1)
  })
})

/** A shell's words that wait for a file. */
const until = (name: string): string => `while [ ! -e ${name} ]; do sleep 0.02; done`

it('whose first program began between two sensors has no other beginning', async () => {
  using seen = new Worker()
  const at = (name: string): string => join(seen.workspace, name)
  const ended = seen.work(
    `(touch forked; ${until('gap')}; exec sh -c '${until('next')}; touch ran; ${until('again')}; GITHUB_ACTION=two exec /bin/true mark')`,
  )
  await expect.poll(() => existsSync(at('forked'))).toBe(true)
  const kept = [...seen.sensor.stepMaps()].map(
    ([name, map]) => [name, openMapById(map.id)] as const,
  )
  seen.sensor.close()
  for (const name of ['gap', 'next']) writeFileSync(at(name), '')
  await expect.poll(() => existsSync(at('ran'))).toBe(true)
  const records: SensorRecord[] = []
  using next = startSensor({
    scopeCgroup: seen.cgroup,
    workspace: null,
    handedOver: true,
    stepMaps: Object.fromEntries(kept),
    onRecords: (some) => records.push(...some),
  })
  for (const [, map] of kept) map.close()
  writeFileSync(at('again'), '')
  await ended
  next.drain()
  const mark = records.find((record) => record.kind === 'exec' && record.argv.includes('mark'))
  expect(mark).toMatchObject({ step: 1 })
  expect(records.filter(({ kind }) => kind === 'step')).toEqual([])
})
