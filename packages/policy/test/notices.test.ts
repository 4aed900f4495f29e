import { expect, test } from 'vitest'
import { parsePolicy } from '../src/document.ts'
import { compile, decide } from '../src/index.ts'

const compiled = (text: string) => compile(parsePolicy(text, 'policy.yml'))

test('every key is enforced, and nobody of whom nothing is known fits a narrowed endpoint', () => {
  const policy = compiled(`version: 1
egress: block
allow:
  - endpoint: deploy.example.org
    steps: [deploy, publish]
    exe: [/usr/bin/curl]
  - https: upload.example.org
    methods: [GET, HEAD]
    paths: ["/acme/**"]
  - https: any.example.org
  - endpoint: github.com
    steps: [checkout]
  - endpoint: 203.0.113.8
    exe: ["**/git"]
  - 203.0.113.0/24
  - https: "*.api.example.net"
  - "*.example.net"
presets: [github-actions]
disable-sudo: true
disable-sudo-and-containers: true
disable-file-monitoring: true
lockdown: [reverse-shell, source-code-overwritten]
`)
  expect(policy.filesUnwatched).toBe('policy.yml:21')
  expect(policy.warnings.slice(-1)).toEqual([
    'policy.yml:22: source-code-overwritten ends no job, since it is never found: disable-file-monitoring in policy.yml:21',
  ])
  for (const host of ['deploy.example.org']) {
    expect(decide(policy, { host, port: 443, protocol: 'tcp' }).verdict).toBe('blocked')
  }
})

test('a narrowed line that narrows nothing is warned of', () => {
  const { warnings } = compiled(`version: 1
allow:
  - endpoint: 203.0.113.8
    exe: ["**/git"]
  - endpoint: 203.0.113.8
    exe: [/usr/bin/curl]
  - endpoint: 198.51.100.8
    exe: ["**/git"]
  - 203.0.113.0/24
  - endpoint: git.example.org
    exe: ["**/git"]
  - endpoint: alone.example.net
    exe: ["**/git"]
  - endpoint: alone.example.net
    exe: [/usr/bin/curl]
  - "*.example.org"
  - endpoint: one.example.org
    steps: [deploy]
`)
  expect(warnings).toEqual([
    'policy.yml:3: 203.0.113.8:443 is narrowed to programs **/git, but policy.yml:9 203.0.113.0/24:443 allows it without that',
    'policy.yml:5: 203.0.113.8:443 is narrowed to programs /usr/bin/curl, but policy.yml:9 203.0.113.0/24:443 allows it without that',
    'policy.yml:10: git.example.org:443 is narrowed to programs **/git, but policy.yml:16 *.example.org:443 allows it without that',
    'policy.yml:17: one.example.org:443 is narrowed to steps deploy, but policy.yml:16 *.example.org:443 allows it without that',
  ])
})

test('a switch that is off changes nothing', () => {
  const { filesUnwatched, warnings } = compiled(
    'disable-file-monitoring: false\nlockdown: [source-code-overwritten]\n',
  )
  expect({ filesUnwatched, warnings }).toEqual({ filesUnwatched: null, warnings: [] })
})

test('what is valid but probably not meant is warned of', () => {
  const { warnings } = compiled(`version: 1
allow:
  - github.com
  - GitHub.com:443
  - "*.com"
  - "*docker.io"
  - "*.blob.core.windows.net"
  - results*.blob.core.windows.net
  - "*.s3.eu-west-1.amazonaws.com"
  - acme.blob.core.windows.net
  - "*.docker.io"
  - time.example.org:123
  - 0.0.0.0/0
  - "[2000::/3]:443"
  - 10.0.0.0/8
presets: [github-actions]
`)
  expect(warnings).toEqual([
    'policy.yml:4: github.com:443 repeats policy.yml:3',
    'policy.yml:5: *.com:443 allows every name under com',
    'policy.yml:6: *docker.io:443 also fits names that anyone can register under io; a leading "*." stands for whole labels',
    'policy.yml:7: *.blob.core.windows.net:443 allows names that anyone can get under blob.core.windows.net: name the exact host',
    'policy.yml:8: results*.blob.core.windows.net:443 allows names that anyone can get under blob.core.windows.net: name the exact host',
    'policy.yml:9: *.s3.eu-west-1.amazonaws.com:443 allows names that anyone can get under s3.eu-west-1.amazonaws.com: name the exact host',
    'policy.yml:12: time.example.org:123 is TCP; time servers are asked over UDP: udp://time.example.org:123',
    'policy.yml:13: 0.0.0.0/0:443 allows a large part of the internet: all of 0.0.0.0/0',
    'policy.yml:14: [2000::/3]:443 allows a large part of the internet: all of 2000::/3',
  ])
})

test.each([
  ['', 'none'],
  ['disable-sudo: false\n', 'none'],
  ['disable-sudo: true\n', 'sudo'],
  ['disable-sudo-and-containers: true\n', 'sudo-and-containers'],
  ['disable-sudo: false\ndisable-sudo-and-containers: true\n', 'sudo-and-containers'],
])('%j takes away: %s', (text, hardening) => {
  expect(compiled(`version: 1\n${text}`).hardening).toBe(hardening)
})
