import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openObject } from '../src/index.ts'
import { fixture, u32 } from './fixtures.ts'

const hooks = { on_call: 0, on_open: 1, refuse_open: 2 }

/** Runs `act` with one of the programs of hooks.bpf.c attached; gives how often it was called. */
function calls(program: keyof typeof hooks, act: () => void): number {
  const disable = Object.keys(hooks).filter((name) => name !== program)
  using object = openObject(fixture('hooks'), { disable, globals: { tgid: process.pid } })
  object.load()
  using _link = object.attach(program)
  act()
  return Number(object.map('calls').get(u32(hooks[program]))?.readBigUInt64LE())
}

const open = () => void readFileSync('/etc/passwd')

describe('T0', () => {
  test('a tracepoint with types is called', () => {
    expect(calls('on_call', open)).toBeGreaterThan(0)
  })
})

describe('T1', () => {
  test('fentry of a security function is called', () => {
    expect(calls('on_open', open)).toBe(1)
  })
})

describe('T2', () => {
  test('an LSM program refuses, as long as it is attached', () => {
    expect(calls('refuse_open', () => expect(open).toThrow('EPERM'))).toBe(1)
    open()
  })
})
