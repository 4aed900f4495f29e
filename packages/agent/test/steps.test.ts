import type { StepRecord, WorkerRecord } from '@runwarden/sensor'
import { describe, expect, test } from 'vitest'
import { Steps, workerFile, type WorkerRule } from '../src/steps.ts'

const base = { time: 0, tgid: 1, start: 1, uid: 0 }

function worker(execId: string, more: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    ...base,
    kind: 'worker',
    execId,
    parentExecId: 'listener',
    inode: '1',
    device: '8:1',
    first: false,
    before: false,
    known: false,
    contained: false,
    ...more,
  }
}

function step(number: number, parentExecId: string, more: Partial<StepRecord> = {}): StepRecord {
  return {
    ...base,
    kind: 'step',
    execId: `root-${number}`,
    parentExecId,
    step: number,
    environment: { GITHUB_ACTION: `step-${number}` },
    argv: ['/bin/bash', '-e', '/tmp/script.sh'],
    incomplete: false,
    ...more,
  }
}

function make(rule: WorkerRule, handedOver = false): { steps: Steps; gaps: string[] } {
  const gaps: string[] = []
  return {
    steps: new Steps({ rule, handedOver, fallback: 'outside', gap: (text) => gaps.push(text) }),
    gaps,
  }
}

describe('the worker of a command', () => {
  test('is its first program, and nothing after it', () => {
    const { steps, gaps } = make({ from: 'command' })
    steps.worker(worker('a', { first: true }))
    steps.worker(worker('b'))
    expect(steps.begin(step(1, 'a'))).toMatchObject({ kind: 'step.start', step: 'step-1' })
    expect(steps.begin(step(2, 'b'))).toBeUndefined()
    expect([steps.nameOf(1), steps.nameOf(2), steps.nameOf(0)]).toEqual([
      'step-1',
      'outside',
      'outside',
    ])
    expect(gaps).toHaveLength(1)
  })

  test('is the file that is named, whoever starts it', () => {
    const { steps } = make({ from: 'command', file: { device: '8:1', inode: '7' } })
    steps.worker(worker('a', { inode: '7' }))
    steps.worker(worker('b', { first: true }))
    expect(steps.begin(step(1, 'a'))).toBeDefined()
    expect(steps.begin(step(2, 'b'))).toBeUndefined()
    expect(() => workerFile('/bin/sh')).toThrow('is no file called Runner.Worker')
  })
})

describe('the worker of a runner', () => {
  test('is the only one, or of the same listener', () => {
    const { steps, gaps } = make({ from: 'runner' })
    steps.worker(worker('a'))
    steps.worker(worker('fake', { parentExecId: 'daemon' }))
    steps.worker(worker('b'))
    expect(steps.begin(step(1, 'fake'))).toBeUndefined()
    expect(steps.begin(step(2, 'a'))).toBeDefined()
    expect(steps.begin(step(3, 'b'))).toBeDefined()
    expect(gaps).toHaveLength(1)
  })

  test('may be of another listener when the one before it has ended', () => {
    const { steps } = make({ from: 'runner' })
    steps.worker(worker('a'))
    steps.exit('a')
    steps.worker(worker('b', { parentExecId: 'other' }))
    expect(steps.begin(step(1, 'b'))).toBeDefined()
  })

  test('in a container of a daemon it is believed as the first one, or of the same listener: a job may have left it', () => {
    const { steps, gaps } = make({ from: 'runner' })
    steps.worker(worker('a', { contained: true }))
    steps.exit('a')
    steps.worker(worker('b', { contained: true }))
    steps.exit('b')
    steps.worker(worker('left', { contained: true, parentExecId: 'other' }))
    expect(steps.begin(step(1, 'b'))).toBeUndefined()
    steps.worker(worker('c', { contained: true }))
    expect(steps.begin(step(2, 'left'))).toBeUndefined()
    expect(steps.begin(step(3, 'c'))).toBeDefined()
    expect(gaps).toHaveLength(1)
  })

  test('is never in a container of a daemon where its file is named', () => {
    const { steps } = make({ from: 'runner', file: { device: '8:1', inode: '1' } })
    steps.worker(worker('a', { contained: true }))
    expect(steps.begin(step(1, 'a'))).toBeUndefined()
  })

  test('is believed when it ran before the agent', () => {
    const { steps } = make({ from: 'runner' })
    steps.worker(worker('a', { before: true }))
    steps.worker(worker('b', { before: true, parentExecId: 'other' }))
    expect(steps.begin(step(1, 'b'))).toBeDefined()
  })

  test('is believed when it ran before a later agent, and the earlier one knew it', () => {
    const { steps, gaps } = make({ from: 'runner' }, true)
    steps.worker(worker('left-over', { before: true, tgid: 7 }))
    steps.worker(worker('a', { before: true, known: true }))
    expect(steps.begin(step(1, 'left-over'))).toBeUndefined()
    expect(steps.begin(step(2, 'a'))).toBeDefined()
    expect(gaps).toEqual([expect.stringContaining('process 7 calls itself Runner.Worker')])
  })
})

/** With a runner's worker, `a`. */
function known(): Steps {
  const { steps } = make({ from: 'runner' })
  steps.worker(worker('a'))
  return steps
}

describe('a step', () => {
  test('of a composite action is the job’s own', () => {
    const steps = known()
    steps.begin(step(1, 'a', { environment: { GITHUB_ACTION: 'build.inner.more' } }))
    expect(steps.nameOf(1)).toBe('build')
  })

  test('is told with its stage where that is pre or post', () => {
    const steps = known()
    const local = { environment: { GITHUB_ACTION: 'local' }, argv: ['/bin/node', '/w/main.js'] }
    steps.begin(step(1, 'a', local))
    steps.begin(step(2, 'a', local))
    expect([steps.within(1), steps.within(2), steps.within(3)]).toEqual([
      { step: 'local' },
      { step: 'local', phase: 'post' },
      { step: 'outside' },
    ])
  })

  test('is none where the worker does something itself', () => {
    const steps = known()
    expect(steps.begin(step(1, 'a', { environment: {} }))).toBeUndefined()
    expect(steps.nameOf(1)).toBe('outside')
  })

  test('is unknown, and told so, where its environment could not be read', () => {
    const { steps, gaps } = make({ from: 'runner' })
    steps.worker(worker('a'))
    steps.begin(step(1, 'a', { environment: {}, incomplete: true }))
    expect(steps.nameOf(1)).toBe('unknown step')
    expect(gaps).toHaveLength(1)
  })

  test('has the containers that a daemon makes while it alone is connected', () => {
    const { steps, gaps } = make({ from: 'runner' })
    steps.worker(worker('a'))
    const contain = (number: number): string => {
      steps.contained(number, undefined)
      return steps.nameOf(number)
    }
    expect(contain(10)).toBe('outside')
    steps.callsEngine('client', 'one')
    expect(contain(11)).toBe('one')
    steps.callsEngine('other client', 'two')
    expect(contain(12)).toBe('unknown step')
    contain(15)
    expect(gaps).toEqual([expect.stringContaining('(connected were: one, two)')])
    steps.exit('client')
    expect(contain(13)).toBe('two')
    steps.exit('other client')
    expect(contain(14)).toBe('outside')
  })

  test('is unknown where an engine was asked by what had ended by then', () => {
    const { steps, gaps } = make({ from: 'runner' })
    const id = 'a'.repeat(64)
    steps.callsEngine('client', 'one')
    steps.asksEngine(null, `/containers/${id}/start`)
    steps.asksEngine({ step: 'one' }, `/containers/${id.replaceAll('a', 'b')}/start`)
    const contain = (number: number, container?: string): string => {
      const put =
        container === undefined ? undefined : { container, session: undefined, isExec: false }
      steps.contained(number, put)
      return steps.nameOf(number)
    }
    expect(contain(1, id)).toBe('unknown step')
    expect(contain(2, id.replaceAll('a', 'b'))).toBe('one')
    expect(contain(3)).toBe('unknown step')
    expect(gaps).toEqual([
      expect.stringContaining('one that is not known'),
      expect.stringContaining('(connected were: one, unknown step)'),
    ])
  })

  test('is remembered within bounds', () => {
    const steps = known()
    for (let number = 1; number <= 10_000; number++) steps.begin(step(number, 'a'))
    expect(steps.nameOf(1)).toBe('outside')
    expect(steps.nameOf(10_000)).toBe('step-10000')
  })
})
