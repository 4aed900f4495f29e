import {
  CONNECT_BYTES,
  CONNECT_REASONS,
  decodeConnect,
  NAMED_BYTES,
  VERDICTS,
  VIAS,
} from '@runwarden/sensor/connect'
import { compile } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { describe, expect, test } from 'vitest'
import { ObjectTypes } from '../../../sensor/test/btf.ts'
import { ATTEMPT_BYTES, ATTEMPT_KEY_BYTES, decodeAttempts } from '../../src/enforce/attempts.ts'
import { encodeHttpsState, HTTPS_ENDS_BYTES, https_ends } from '../../src/enforce/https-state.ts'
import { encodeGrants } from '../../src/https/gate.ts'
import {
  decodeFlow,
  FLOW_BYTES,
  FLOW_KEY_BYTES,
  FLOW_SEAT_BYTES,
  RENEWED_FLOW_BYTES,
} from '../../src/enforce/flows.ts'
import {
  decodeDnsClientValue,
  decodeLearnedKey,
  decodeLearnedValue,
  DNS_CLIENT_KEY_BYTES,
  DNS_CLIENT_VALUE_BYTES,
  encodeDnsClientKey,
  encodeLearnedKey,
  encodeLearnedValue,
  LEARNED_KEY_BYTES,
  LEARNED_RANGES,
  LEARNED_VALUE_BYTES,
} from '../../src/enforce/maps.ts'
import {
  decodeLed,
  decodeLedKey,
  encodeLed,
  encodeLedKey,
  encodeNameText,
  LED_BYTES,
  LED_KEY_BYTES,
} from '../../src/enforce/name-maps.ts'
import {
  encodeNarrowings,
  encodeProgram,
  encodeStep,
  NARROWINGS_BYTES,
} from '../../src/enforce/narrowings.ts'
import {
  encodeAddressKey,
  encodePortKey,
  NARROWED_RULES_BYTES,
} from '../../src/enforce/policy-entries.ts'
import {
  encodeFitKey,
  FIT_KEY_BYTES,
  fulfilsNarrowing,
  PROCESS_FIT_BYTES,
} from '../../src/enforce/process-fits.ts'
import { encodePolicy, POLICY_BYTES } from '../../src/enforce/slots.ts'

const types = new ObjectTypes('enforce')

/** Bytes in which each member holds a value of its own, so that a wrong offset shows. */
function bytesOf(name: string, values: Record<string, number | bigint | Buffer>): Buffer {
  const bytes = Buffer.alloc(types.size(name))
  const offsets = types.offsets(name)
  for (const [member, value] of Object.entries(values)) {
    const at = offsets[member]
    if (at === undefined) throw new Error(`struct ${name} has no member ${member}`)
    if (Buffer.isBuffer(value)) bytes.set(value, at)
    else if (typeof value === 'bigint') bytes.writeBigUInt64LE(value, at)
    else if (value > 0xffff) bytes.writeUInt32LE(value, at)
    else if (value > 0xff) bytes.writeUInt16LE(value, at)
    else bytes[at] = value
  }
  return bytes
}

const address = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

describe('structs of the kernel side are where TypeScript reads and writes them', () => {
  test('narrowings, program_key, narrowed_rules', () => {
    const namespaces = Buffer.from('0500000006000000', 'hex')
    const list = [
      { programs: ['/a'], steps: [] },
      { programs: [], steps: ['build'] },
      { programs: ['/a'], steps: ['deploy'] },
    ]
    expect(encodeNarrowings({ tag: 70_001, list }, [5, 6], 'deploy')).toEqual(
      bytesOf('narrowings', {
        tag: 70_001,
        by_step: 1,
        mount_ns: namespaces,
        any_program: 0b010n,
        any_step: 0b001n,
        no_step: 0b100n,
      }),
    )
    expect(encodeStep('build')).toEqual(bytesOf('step_key', { id: Buffer.from('build') }))
    expect(NARROWINGS_BYTES).toBe(types.size('narrowings'))
    expect(encodeProgram('/usr/bin/git')).toEqual(
      bytesOf('program_key', { prefix: 13 * 8, path: Buffer.from('git\0bin\0usr\0\0') }),
    )
    expect(encodeProgram('**/bin/git')).toEqual(
      bytesOf('program_key', { prefix: 8 * 8, path: Buffer.from('git\0bin\0') }),
    )
    expect(NARROWED_RULES_BYTES).toBe(types.size('narrowed_rules'))
  })

  test('fit_key and process_fit', () => {
    expect(encodeFitKey({ start: 1n << 42n, tgid: 70_023 })).toEqual(
      bytesOf('fit_key', { start: 1n << 42n, tgid: 70_023 }),
    )
    const tags = Buffer.from('0700000009000000', 'hex')
    const bits = Buffer.from('01000000000000000200000000000080', 'hex')
    const steps = Buffer.alloc(16, 255)
    const fit = bytesOf('process_fit', { exec_id: 70_024n, tags, bits, steps })
    const fulfilled = [7 * 64, 7 * 64 + 1, 9 * 64 + 1, 9 * 64 + 63, 8 * 64].map((narrowing) =>
      fulfilsNarrowing(fit, narrowing),
    )
    expect(fulfilled).toEqual([true, false, true, true, false])
    expect([types.size('fit_key'), types.size('process_fit')]).toEqual([
      FIT_KEY_BYTES,
      PROCESS_FIT_BYTES,
    ])
  })

  test('connect_record', () => {
    const bytes = bytesOf('connect_record', {
      address,
      cookie: 11n,
      rule: 70_001,
      name: 70_002,
      count: 70_003,
      port: 4001,
      socket_type: 4002,
      family: 10,
      protocol: 17,
      verdict: 2,
      via: 3,
      reason: 5,
    })
    expect(bytes.length).toBe(CONNECT_BYTES)
    expect(decodeConnect(bytes, 0)).toEqual({
      address,
      cookie: 11n,
      rule: 70_001,
      name: 70_002,
      count: 70_003,
      port: 4001,
      socketType: 4002,
      family: 10,
      protocol: 17,
      verdict: 'would-block',
      via: 'packet',
      reason: 'live-flow',
      said: null,
    })
  })

  test('named_record', () => {
    const header = bytesOf('record_header', { flags: 1 })
    const record = bytesOf('connect_record', { header, address, reason: 15 })
    const bytes = bytesOf('named_record', {
      record,
      source: address,
      source_port: 4010,
      name_length: 4,
      protocol: 1,
      device: 70_020,
      server_name: Buffer.from('evil'),
    })
    expect(bytes.length).toBe(NAMED_BYTES)
    expect(decodeConnect(bytes, 0)).toMatchObject({
      address,
      reason: 'server-name',
      said: { name: 'evil', protocol: 'tls', source: { address, port: 4010 }, device: 70_020 },
    })
  })

  test('attempt_key and attempt', () => {
    const key = bytesOf('attempt_key', {
      start: 1n << 40n,
      tgid: 70_004,
      port: 4001,
      protocol: 6,
      verdict: 1,
      address,
      via: 1,
      reason: 8,
      family: 2,
    })
    const value = bytesOf('attempt', {
      count: 9n,
      cookie: 12n,
      rule: 70_005,
      name: 70_006,
      uid: 70_007,
      socket_type: 3,
    })
    expect([key.length, value.length]).toEqual([ATTEMPT_KEY_BYTES, ATTEMPT_BYTES])
    expect(decodeAttempts(key, value, 1n << 41n)).toEqual({
      time: 1n << 41n,
      start: 1n << 40n,
      tgid: 70_004,
      uid: 70_007,
      address,
      port: 4001,
      protocol: 6,
      family: 2,
      verdict: 'blocked',
      via: 'send',
      reason: 'protocol',
      rule: 70_005,
      name: 70_006,
      cookie: 12n,
      socketType: 3,
      count: 9,
    })
  })

  test('https_state, https_grants, https_ends', () => {
    const policy = parsePolicy('version: 1\negress: block\nallow: [a.test, { https: b.test }]', 'p')
    const state = bytesOf('https_state', { from: 1, unseen_from: 2, to: 2 })
    expect(encodeHttpsState(compile(policy))).toEqual(state)
    expect(encodeGrants({ granted: 70_020n, decided: 70_021 })).toEqual(
      bytesOf('https_grants', { granted: 70_020n, decided: 70_021 }),
    )
    expect(types.size('https_ends')).toBe(HTTPS_ENDS_BYTES)
    expect(types.offsets('https_ends')).toMatchObject(https_ends)
  })

  test('flow_key, flow, flow_seat and renewed_flow', () => {
    const key = bytesOf('flow_key', { cookie: 13n, address, port: 4003, protocol: 6 })
    const value = bytesOf('flow', {
      bytes: 14n,
      packets: 15n,
      start: 17n,
      tgid: 70_008,
      uid: 70_009,
      rule: 70_010,
      name: 70_011,
      generation: 70_012,
      verdict: 2,
      reason: 1,
      family: 10,
      names: 96,
    })
    expect([key.length, value.length]).toEqual([FLOW_KEY_BYTES, FLOW_BYTES])
    expect(types.size('flow_seat')).toBe(FLOW_SEAT_BYTES)
    expect(types.offsets('flow_seat')).toMatchObject({ key: 0, flow: FLOW_KEY_BYTES })
    expect(types.size('renewed_flow')).toBe(RENEWED_FLOW_BYTES)
    expect(types.offsets('renewed_flow')).toMatchObject({ rule: 0, generation: 4 })
    expect(decodeFlow(key, value, 16n)).toEqual({
      sockets: [14],
      address,
      port: 4003,
      protocol: 6,
      bytes: 14,
      packets: 15,
      last: 16n,
      start: 17n,
      tgid: 70_008,
      uid: 70_009,
      rule: 70_010,
      name: 70_011,
      generation: 70_012,
      verdict: 'would-block',
      reason: 'address',
      family: 10,
      https: true,
      tls: true,
    })
  })

  test('learned_key and learned', () => {
    const range = {
      expires: 18n,
      name: 70_013,
      rule: 70_014,
      portFrom: 4004,
      portTo: 4005,
      unchecked: true,
      narrowing: 70_021,
    }
    expect(encodeLearnedKey(address, 17)).toEqual(bytesOf('learned_key', { address, protocol: 17 }))
    expect(decodeLearnedKey(bytesOf('learned_key', { address, protocol: 17 }))).toEqual({
      address,
      protocol: 17,
    })
    const one = bytesOf('learned_range', {
      expires: 18n,
      name: 70_013,
      rule: 70_014,
      from: 4004,
      to: 4005,
      flags: 1,
      narrowing: 70_021,
    })
    const value = bytesOf('learned', { count: 1, ranges: one })
    expect(encodeLearnedValue([range])).toEqual(value)
    expect(decodeLearnedValue(value)).toEqual([range])
    expect([types.size('learned_key'), types.size('learned')]).toEqual([
      LEARNED_KEY_BYTES,
      LEARNED_VALUE_BYTES,
    ])
    expect(LEARNED_VALUE_BYTES).toBe(8 + LEARNED_RANGES * types.size('learned_range'))
  })

  test('led_key, led and name_key', () => {
    expect(encodeLedKey(address, 70_016)).toEqual(bytesOf('led_key', { address, name: 70_016 }))
    expect(decodeLedKey(bytesOf('led_key', { address, name: 70_016 }))).toEqual({
      address,
      name: 70_016,
    })
    const ranges = bytesOf('name_range', {
      rule: 70_017,
      narrowing: 70_022,
      from: 4008,
      to: 4009,
    })
    const value = bytesOf('led', { expires: 21n, asked: 70_018, count: 1, ranges })
    const led = {
      expires: 21n,
      asked: 70_018,
      ranges: [{ rule: 70_017, portFrom: 4008, portTo: 4009, narrowing: 70_022 }],
    }
    expect(encodeLed(led)).toEqual(value)
    expect(decodeLed(value)).toEqual(led)
    expect([types.size('led_key'), types.size('led')]).toEqual([LED_KEY_BYTES, LED_BYTES])
    expect(encodeNameText('example.org')).toEqual(
      bytesOf('name_key', { length: 11, text: Buffer.from('example.org') }),
    )
    expect(encodeNameText('a'.repeat(254))).toBeNull()
  })

  test('policy', () => {
    const hash_keys = Buffer.from([1, 0, 0, 0, 2, 0, 0, 0])
    expect(encodePolicy('block', 70_019, [1, 2])).toEqual(
      bytesOf('policy', { mode: 1, blocked_names: 70_019, hash_keys }),
    )
    expect(types.size('policy')).toBe(POLICY_BYTES)
  })

  test('dns_client_key and dns_client', () => {
    expect(encodeDnsClientKey(17, address, 4006, 0x0102_0304)).toEqual(
      bytesOf('dns_client_key', { protocol: 17, port: 4006, netns: 0x0102_0304, address }),
    )
    const value = bytesOf('dns_client', { start: 19n, tgid: 70_015, port: 4007, server: address })
    expect(decodeDnsClientValue(value)).toEqual({
      start: 19n,
      tgid: 70_015,
      serverPort: 4007,
      server: address,
    })
    expect([types.size('dns_client_key'), types.size('dns_client')]).toEqual([
      DNS_CLIENT_KEY_BYTES,
      DNS_CLIENT_VALUE_BYTES,
    ])
  })

  test('address_key and grant_port_key', () => {
    expect(encodeAddressKey({ bytes: address.toString('latin1'), prefix: 99 })).toEqual(
      bytesOf('address_key', { prefix: 99, address }),
    )
    expect(encodePortKey(0x01020304, 6, 0x0506, 7)).toEqual(
      bytesOf('grant_port_key', {
        prefix: 55,
        set: Buffer.from([1, 2, 3, 4]),
        protocol: 6,
        port: Buffer.from([5, 6]),
      }),
    )
  })
})

test('numbers of verdicts, ways and reasons are those of the kernel side', () => {
  const reasons = CONNECT_REASONS.map(
    (reason) => ({ 'live-flow': 'live', 'dns-proxy': 'proxy' })[reason as string] ?? reason,
  )
  for (const [prefix, words] of [
    ['VERDICT', VERDICTS],
    ['VIA', VIAS],
    ['REASON', reasons],
  ] as const) {
    const named = words.map((word) => `${prefix}_${word.toUpperCase().replaceAll('-', '_')}`)
    const numbers = Object.fromEntries(named.map((name, number) => [name, number]))
    expect(types.numbers(named[0] ?? '')).toEqual(numbers)
  }
})
