import { describe, expect, test } from 'vitest'
import { Batch } from '../src/decode/batch.ts'
import { readEnvironment, StepDecoder } from '../src/decode/step.ts'
import { kinds, record_header, step_record, TEXT_OFFSET } from '../src/layout.ts'
import type { StepRecord } from '../src/record.ts'

const CHUNK = 4096

/** Records of an environment, as the kernel side sends them. */
function parts(text: string | Buffer, step = 1): Buffer[] {
  const environment = Buffer.from(text)
  return Array.from({ length: Math.floor(environment.length / CHUNK) + 1 }, (_, index) => {
    const offset = index * CHUNK
    const record = Buffer.alloc(TEXT_OFFSET + CHUNK)
    record.writeUInt16LE(kinds.step, record_header.kind)
    record.writeUInt32LE(7, record_header.tgid)
    record.writeUInt32LE(step, step_record.step)
    record.writeUInt32LE(offset, step_record.offset)
    record.writeUInt32LE(environment.length, step_record.total)
    environment.copy(record, TEXT_OFFSET, offset, offset + CHUNK)
    return record
  })
}

function decode(decoder: StepDecoder, records: readonly Buffer[]): StepRecord[] {
  return records.flatMap((record) => {
    const told = decoder.decode(new Batch(Buffer.from(record)), 0)
    return told?.kind === 'step' ? [told] : []
  })
}

const environmentOf = (text: string | Buffer): StepRecord['environment'] | undefined =>
  decode(new StepDecoder(), parts(text))[0]?.environment

describe('the environment of a step', () => {
  test('is read over every place where a part can end', () => {
    const own = 'GITHUB_ACTION=build\0GITHUB_JOB=job\0'
    for (let before = CHUNK - own.length - 4; before < CHUNK + 4; before++) {
      const text = `A=${'x'.repeat(before - 3)}\0${own}B=${'y'.repeat(before)}\0RUNNER_NAME=me\0`
      expect(environmentOf(text), `${before} bytes before`).toEqual({
        GITHUB_ACTION: 'build',
        GITHUB_JOB: 'job',
        RUNNER_NAME: 'me',
      })
    }
  })

  test('holds nothing but what is listed', () => {
    expect(
      environmentOf(
        'GITHUB_TOKEN=t\0RUNNER_X=t\0XGITHUB_ACTION=t\0GITHUB_ACTION\0=t\0\0GITHUB_ACTION=a\0GITHUB_ACTION=b\0',
      ),
    ).toEqual({ GITHUB_ACTION: 'a' })
  })

  test('is bounded, whatever it holds', () => {
    const huge = `GITHUB_ACTION=${'x'.repeat(100_000)}\0GITHUB_JOB=job\0`
    expect(environmentOf(huge)).toEqual({ GITHUB_JOB: 'job' })
    const many = 'A=\0'.repeat(100_000)
    expect(environmentOf(`${many}GITHUB_JOB=job\0${many}`)).toEqual({ GITHUB_JOB: 'job' })
    const one = environmentOf(`GITHUB_JOB=${'x'.repeat(2000)}\0`)?.['GITHUB_JOB']
    expect(one).toHaveLength(512)
    expect(environmentOf(Buffer.alloc(3 * CHUNK, 0xff))).toEqual({})
    expect(environmentOf('')).toEqual({})
  })

  test('of several steps at once is kept apart', () => {
    const filler = `A=${'x'.repeat(5000)}\0`
    const [a, b] = [1, 2].map((step) => parts(`${filler}GITHUB_ACTION=s${step}\0`, step))
    const woven = (a ?? []).flatMap((part, index) => [part, b?.[index] ?? part])
    expect(
      decode(new StepDecoder(), woven).map(({ step, environment, incomplete }) => ({
        step,
        environment,
        incomplete,
      })),
    ).toEqual([
      { step: 1, environment: { GITHUB_ACTION: 's1' }, incomplete: false },
      { step: 2, environment: { GITHUB_ACTION: 's2' }, incomplete: false },
    ])
  })

  test('that lost a part says so, and takes nothing from the middle of a variable', () => {
    const text = `A=${'x'.repeat(2 * CHUNK - 100)}\0GITHUB_ACTION=${'y'.repeat(200)}\0GITHUB_JOB=job\0`
    const [first, , last] = parts(text)
    expect(
      decode(
        new StepDecoder(),
        [first, last].filter((part) => part !== undefined),
      ),
    ).toMatchObject([{ incomplete: true, environment: { GITHUB_JOB: 'job' } }])
  })

  test('of steps whose end never comes is forgotten', () => {
    const decoder = new StepDecoder()
    for (let step = 1; step <= 10_000; step++)
      decode(decoder, parts(`A=${'x'.repeat(5000)}\0`, step).slice(0, 1))
    expect(decode(decoder, parts('GITHUB_ACTION=a\0', 20_000))).toMatchObject([
      { incomplete: false, environment: { GITHUB_ACTION: 'a' } },
    ])
  })
})

test('the environment of a process that is gone is empty', () => {
  expect(readEnvironment(2 ** 30)).toEqual({})
})
