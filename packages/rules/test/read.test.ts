import { PolicyError } from '@runwarden/policy'
import { expect, test } from 'vitest'
import { readBuiltinRules, readRules } from '../src/files.ts'

/** What is wrong with a rule file, line by line. */
function problems(text: string): string[] {
  try {
    readRules([{ file: 'r.yml', text }], readBuiltinRules())
    return []
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split('\n')
    throw error
  }
}

const rule = (more: string): string => `version: 1
rules:
  - rule: mine
    severity: low
    on: [net.connect]
    title: t
    explanation: e
    advice: a
${more.replaceAll(/^/gm, '    ')}
`

test('mistakes in expressions are told with the place where they stand', () => {
  expect(problems(rule('when: event.prot == 22'))).toEqual([
    'r.yml:9:17: "prot == 22": No such key: prot',
  ])
  expect(problems(rule('when: >-\n  event.left &&\n  event.port == "ssh"'))).toEqual([
    'r.yml:11:7: "event.port == \\"ssh\\"": no such overload: double == string',
  ])
  expect(problems(rule("when: 'event.port =='"))).toEqual([
    expect.stringMatching(/^r\.yml:9:\d+:.*Unexpected token: EOF$/),
  ])
  expect(problems(rule('when: event.port'))).toEqual([
    expect.stringContaining('is of type double where true or false is needed'),
  ])
  expect(problems(rule("when: event.host.matches('(a+)+$')"))).toEqual([
    expect.stringContaining('a regular expression can take for ever'),
  ])
  expect(problems(rule("when: memory.holds('nothing')"))).toEqual([
    expect.stringContaining("nothing is remembered as 'nothing'"),
  ])
  expect(problems(rule("when: 'true'").replace('title: t', "title: '{event.nam}'"))).toEqual([
    expect.stringMatching(/^r\.yml:6:\d+: .*No such key: nam$/),
  ])
})

test('an expression is checked for each kind of events that its rule is for', () => {
  const text = rule('when: event.port == 22').replace('[net.connect]', '[net.connect, dns.query]')
  expect(problems(text)).toEqual([expect.stringContaining('No such key: port (for dns.query)')])
})

test('other mistakes are told as those of a policy are', () => {
  expect(problems('rules: []')).toEqual([
    expect.stringContaining('a rule file starts with "version: 1"'),
  ])
  expect(problems('version: 1\nrule: []')).toEqual([
    'r.yml:2:1: "rule": is no key here: version, lists, remember, rules, suppress are; did you mean rules?',
  ])
  expect(problems(rule("when: 'true'").replace('severity: low', 'severity: bad'))).toEqual([
    expect.stringContaining('severity is info or low or medium or high or critical'),
  ])
  expect(problems(rule("when: 'true'").replace('rule: mine', 'rule: domain-blocked'))).toEqual([
    expect.stringContaining("there is a rule 'domain-blocked' in builtin/10-network.yml:"),
  ])
  expect(problems('version: 1\nsuppress:\n  - id: persistence')).toEqual([
    expect.stringContaining('a suppression says why'),
  ])
  expect(
    problems(
      'version: 1\nsuppress:\n  - { id: persistense, reason: ours }\n  - { id: "persist*", reason: ours }\n  - { id: agent-tampered, reason: ours }',
    ),
  ).toEqual([
    expect.stringMatching(
      /r\.yml:3:\d+: "persistense": is no detection .*did you mean persistence\?/,
    ),
    expect.stringMatching(/r\.yml:5:\d+: "agent-tampered": is never suppressed/),
  ])
  expect(
    problems(
      'version: 1\nremember:\n  - { as: x, of: job, for: 10, on: [dns.query], when: "true" }',
    ),
  ).toEqual([expect.stringContaining('a time is a number with s, m or h')])
})
