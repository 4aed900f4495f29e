import { beforeEach, describe, expect, test } from 'vitest'
import { EngineCalls, type Put, putBy } from '../src/engine-calls.ts'
import { ProcessTable } from '../src/process-table.ts'

const one = '1'.repeat(64)
const other = '2'.repeat(64)
const command = 'c'.repeat(64)

const started = (container: string): Put => ({ container, session: undefined, isExec: false })
const put = (session: string): Put => ({ container: one, session, isExec: true })

let calls: EngineCalls
beforeEach(() => {
  calls = new EngineCalls()
  calls.connected('a', 'build')
  calls.connected('b', 'test')
})

describe('a container of an engine', () => {
  test('is of the step that asked for it, whoever else is connected', () => {
    calls.asked('build', `/v1.47/containers/${one}/start`)
    calls.asked('test', `/v4.3.1/libpod/containers/${other}/start`)
    expect(calls.askerOf(started(other))).toEqual({ step: 'test' })
    expect(calls.askerOf(started(one))).toEqual({ step: 'build' })
  })

  test('is of several where several asked for the same one', () => {
    calls.asked('build', `/containers/${one}/start`)
    calls.asked('test', `/containers/${one}/restart`)
    expect(calls.askerOf(started(one))).toEqual({ steps: ['build', 'test'] })
  })

  test('that the engine starts again by itself is of the step as before', () => {
    calls.asked('build', `/containers/${one}/start`)
    calls.askerOf(started(one))
    calls.asked('test', `/containers/${one}/restart`)
    expect(calls.askerOf(started(one))).toEqual({ step: 'test' })
    calls.exit('b')
    // Or `build` had it started again by its name.
    expect(calls.askerOf(started(one))).toEqual({ steps: ['build', 'test'] })
    calls.exit('a')
    expect(calls.askerOf(started(one))).toEqual({ step: 'test' })
  })

  test('is of who is connected where it was not seen who asked: by a name, in a build', () => {
    calls.asked('build', '/containers/named/start')
    calls.asked('build', `/containers/${one.slice(0, 12)}/start`)
    calls.asked('build', '/build')
    expect(calls.askerOf(started(one))).toEqual({ steps: ['build', 'test'] })
    expect(calls.askerOf(undefined)).toEqual({ steps: ['build', 'test'] })
    calls.exit('a')
    expect(calls.askerOf(started(one))).toEqual({ step: 'test' })
    calls.exit('b')
    expect(calls.askerOf(started(one))).toBeUndefined()
  })
})

describe('a command in a container that runs', () => {
  test('is of the step that asked for it, whosever the container is', () => {
    calls.asked('build', `/containers/${one}/start`)
    calls.askerOf(started(one))
    calls.asked('test', `/exec/${command}/start`)
    expect(calls.askerOf(put(command))).toEqual({ step: 'test' })
  })

  test('that nobody was seen to ask for may be the engine’s own, for the container', () => {
    calls.asked('build', `/containers/${one}/start`)
    calls.askerOf(started(one))
    expect(calls.askerOf(put(command))).toEqual({ steps: ['build', 'test'] })
    calls.exit('b')
    expect(calls.askerOf(put(command))).toEqual({ step: 'build' })
    calls.exit('a')
    expect(calls.askerOf(put(command))).toEqual({ step: 'build' })
  })
})

test('which container it is, and which command, is known from the runtime’s words, never from the container’s name or program', () => {
  const table = new ProcessTable()
  const make = (execId: string, parent: string | null, argv: string[]): void => {
    table.exec(execId, 1, parent, 0, argv[0] ?? '')
    table.describe(execId, { argv, cwd: '/', since: 0, made: 0, stdio: [], ends: [0, 0] })
  }
  make('conmon', null, ['conmon', '-c', one, '-u', command, '-n', other])
  make('create', 'conmon', ['runc', '--log', `/r/${one}/log`, 'create', '--bundle', '/b', one])
  make('exec', 'conmon', ['runc', 'exec', '--pid-file', `/run/${one}/${command}.pid`, one])
  make('init', 'create', ['runc', 'init'])
  table.fork('program', 2, 'init', 0)
  const of = (execId: string): Put | undefined => putBy(execId, (id) => table.get(id))
  expect(of('program')).toEqual(started(one))
  expect(of('exec')).toEqual(put(command))
  expect(of('conmon')).toBeUndefined()
  make('cut', 'create', ['runc', 'exec', '--pid-file', `/run/${one}/${command}.pid`, one.slice(1)])
  expect(of('cut')).toBeUndefined()
})
