import { expect, test } from 'vitest'
import { compile, decideRequest, PolicyError } from '../src/index.ts'
import { messageOf } from './random.ts'
import { pathSegments } from '../src/https-path.ts'
import { parsePolicy } from '../src/document.ts'

test.each([
  ['/repos/acme/shop', ['repos', 'acme', 'shop']],
  ['/', ['']],
  ['/a/', ['a', '']],
  ['/%61%2D%7e', ['a-~']],
  ['/%c3%a4', ['%C3%A4']],
  ['/a%23', ['a%23']],
  ['/a;b/.git', ['a;b', '.git']],
])('%s has the segments %j', (path, segments) => {
  expect(pathSegments(path)).toEqual(segments)
})

test.each([
  '/repos/acme/x#/../../../evil',
  '/repos/acme/x#',
  '/repos/acme/#x',
  '#',
  '',
  'x',
  '//evil',
  '/a//evil',
  '/a/../evil',
  '/a/./b',
  '/a/..;x/evil',
  '/a%2fb',
  '/a%2e',
  '/a%5cb',
  '/a%252e',
  '/a%00',
  '/a%0d%0a',
  '/a%',
  '/a%zz',
  '/a\\b',
  '/a b',
  '/a\tb',
  '/ä',
])('%j can be read in more than one way', (path) => {
  expect(pathSegments(path)).toBe(null)
})

const text = `version: 1
egress: block
allow:
  - { https: api.github.com, methods: [GET], paths: ["/repos/acme/**"] }
`
const compiled = compile(parsePolicy(text, 'policy.yml'))

test.each([
  ['api.github.com', '/repos/acme/x', 'allowed'],
  ['api.github.com.', '/repos/acme/x', 'allowed'],
  ['api.github.com', '/repos/acme/x#/../../../evil', 'blocked'],
  ['api.github.com.', '/evil', 'blocked'],
  ['api.github.com.:443', '/evil', 'blocked'],
  ['API.github.com', '/evil', 'blocked'],
])('GET %s%s is %s', (host, path, verdict) => {
  expect(decideRequest(compiled, { method: 'GET', host, path })).toMatchObject({ verdict })
})

const decided = (policy: string, method: string, host: string, path: string) =>
  decideRequest(compile(parsePolicy(policy, 'policy.yml')), { method, host, path })

test('rules of one port say nothing of requests to another', () => {
  const two = `${text}  - { https: "api.github.com:8443", methods: [POST], paths: ["/admin/**"] }\n`
  expect(decided(text, 'POST', 'api.github.com:8443', '/admin/x')).toBeNull()
  expect(decided(two, 'POST', 'api.github.com', '/admin/x')).toMatchObject({ verdict: 'blocked' })
  expect(decided(two, 'GET', 'api.github.com:8443', '/repos/acme/x')).toMatchObject({
    verdict: 'blocked',
    reason:
      'no HTTPS rule allows it: policy.yml:5 api.github.com:8443 (POST /admin/**); to allow it: { https: "api.github.com:8443", methods: ["GET"], paths: ["/repos/acme/x"] }',
  })
  expect(decided(two, 'POST', 'api.github.com:8443', '/admin/x')).toMatchObject({
    rule: 'policy.yml:5 api.github.com:8443',
  })
})

test('what a refusal says would allow a request allows it, and nothing else', () => {
  const hosts = ['api.github.com', 'API.github.com.', 'api.github.com:0443']
  for (const host of hosts) {
    for (const path of ['/q"uote', "/it's", '/a;b/c:d@e', '/{x}', '/']) {
      const { reason = '' } = decided(text, 'PURGE', host, path) ?? {}
      const entry = reason.split('; to allow it: ')[1] ?? ''
      const more = `${text}  - ${entry}\n`
      expect(decided(more, 'PURGE', host, path)?.verdict).toBe('allowed')
      expect(decided(more, 'GET', host, path)?.verdict).toBe('blocked')
      expect(decided(more, 'PURGE', host, `${path}x`)?.verdict).toBe('blocked')
    }
  }
  // As a rule this would be a wildcard.
  expect(decided(text, 'GET', 'api.github.com', '/st*r')?.reason).not.toContain('to allow it')
})

test.each([
  ['/größe/**', '; did you mean /gr%C3%B6%C3%9Fe/**?'],
  ['/a%2Fb', ''],
  ['/x//y', ''],
  ['/v1/100%25', ''],
  ['/a\\\\b', ''],
  ['/..;/x', ''],
])('a path that no request fits is no path of a rule: %s', (path, nearest) => {
  const policy = `version: 1\nallow:\n  - { https: api.github.com, paths: ["${path}"] }\n`
  const says = messageOf(() => parsePolicy(policy, 'policy.yml'), PolicyError)
  expect(says).toContain('no request fits it')
  expect(says.endsWith('control characters' + nearest)).toBe(true)
})
