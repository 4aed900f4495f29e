import { expect, test } from 'vitest'
import { compile, decideRequest } from '../src/index.ts'
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

const compiled = compile(
  parsePolicy(
    `version: 1
egress: block
allow:
  - { https: api.github.com, methods: [GET], paths: ["/repos/acme/**"] }
`,
    'policy.yml',
  ),
)

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
