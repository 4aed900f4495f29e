import type { EventOf } from '@runwarden/events'
import { compile, parseAllowedEndpoints, policyOf } from '@runwarden/policy'
import { expect, test } from 'vitest'
import { AnsweredNames } from '../../src/answered-names.ts'
import { Verdicts } from '../../src/guard/verdicts.ts'

const compiled = compile(
  policyOf(parseAllowedEndpoints('good.example.com:443 192.0.2.1:80', '--allow'), {
    egress: 'block',
  }),
)
const head = { seq: 1, time: 0, scope: 's', execId: null, step: 's', reason: '' }

function connect(more: Partial<EventOf<'net.connect'>>): EventOf<'net.connect'> {
  return {
    ...head,
    kind: 'net.connect',
    verdict: 'allowed',
    rule: '--allow good.example.com:443',
    host: 'good.example.com',
    address: '198.51.100.1',
    port: 443,
    protocol: 'tcp',
    via: 'connect',
    count: 1,
    ...more,
  } as EventOf<'net.connect'>
}

const wrong = 'was allowed, and no line of the policy and no answer led there'

test.each<[what: string, event: EventOf<'net.connect'>, judgement: string | null]>([
  ['an address that an answer led to', connect({}), null],
  [
    'one that none led to, whatever name the kernel has for it',
    connect({ address: '203.0.113.9' }),
    wrong,
  ],
  ['an address that a line allows', connect({ address: '192.0.2.1', port: 80, host: null }), null],
  ['the same on another port', connect({ address: '192.0.2.1', port: 81, host: null }), wrong],
  ['loopback', connect({ address: '127.0.0.1', rule: null }), null],
  ['a refusal', connect({ verdict: 'blocked', rule: null, address: '203.0.113.9' }), null],
  [
    'what passes as in audit mode',
    connect({ verdict: 'would-block', rule: null, address: '203.0.113.9' }),
    'passed as if the policy did not block',
  ],
  [
    'a socket of another family, which nobody can stop',
    connect({ verdict: 'would-block', rule: null, address: '', via: 'socket' }),
    null,
  ],
])('%s', (_, event, judgement) => {
  const names = new AnsweredNames(() => {})
  names.answered('good.example.com', ['198.51.100.1'])
  expect(new Verdicts(names, true).judge(event, compiled)).toBe(judgement)
})

test('what an earlier agent had learned is not judged', () => {
  const verdicts = new Verdicts(new AnsweredNames(() => {}), false)
  expect(verdicts.judge(connect({ address: '203.0.113.9' }), compiled)).toBe(null)
})

test('where more answers came than are remembered, names are not judged', () => {
  const names = new AnsweredNames(() => {}, 1)
  names.answered('good.example.com', ['198.51.100.1', '198.51.100.2'])
  expect(new Verdicts(names, true).judge(connect({}), compiled)).toBe(null)
})
