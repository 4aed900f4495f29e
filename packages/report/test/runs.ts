import type { Report } from '@runwarden/events'
import { ReportBuilder } from '../src/index.ts'
import { facts, Script } from './script.ts'

const refused = {
  verdict: 'blocked',
  reason: 'no line of the policy allows it',
  rule: null,
} as const

/** `npm ci` under a block policy; the postinstall of one dependency tries to send the environment away. */
export function stolen(): Script {
  const script = new Script()
    .exec(4100, 1, ['npm', 'ci'], { exe: '/usr/bin/node' })
    .dns(4100, 'registry.example.org', { addresses: ['203.0.113.20'] })
    .dns(4100, 'registry.example.org', { type: 'AAAA', addresses: ['2001:db8::20'] })
    .repeat(38, (run) => run.connect(4100, 'registry.example.org', '203.0.113.20'))
    .repeat(60, (run, index) =>
      run.file(4100, 'create', `/home/runner/work/shop/node_modules/dep-${index}/index.js`),
    )
    .connect(4100, null, '127.0.0.1', { port: 4873, reason: 'loopback', rule: null })
    .exec(4120, 4100, ['sh', '-c', 'node postinstall.js'], {
      cwd: '/home/runner/work/shop/node_modules/left-padder',
    })
    .exec(4121, 4120, ['node', 'postinstall.js'], {
      cwd: '/home/runner/work/shop/node_modules/left-padder',
    })
    .file(4121, 'read', '/home/runner/.npmrc', { sensitive: 'npm-token' })
    .file(4121, 'read', '/home/runner/.ssh/id_ed25519', { sensitive: 'ssh-key', errno: 13 })
    .dns(4121, 'collector.example.net', { ...refused, rcode: 'REFUSED' })
    .dns(4121, 'collector.example.net', { ...refused, type: 'AAAA', rcode: 'REFUSED' })
    .detect(4121, {
      ofLast: 2,
      title: 'collector.example.net was refused',
      text: 'node postinstall.js asked for a name that no line of the policy allows. If the package needs it, allow it; if not, remove the package.',
    })
    .connect(4121, null, '198.51.100.66', { ...refused, count: 3 })
    .connect(4121, null, '2001:db8:bad::66', { ...refused, port: 8443 })
    .connect(4121, null, '198.51.100.66', { ...refused, port: 53, protocol: 'udp', via: 'send' })
    .dns(4121, 'c2VjcmV0.t.evil.example', {
      verdict: 'attack-blocked',
      type: 'TXT',
      reason: 'block list: exfiltration by DNS',
      rule: 'block-list.json *.evil.example',
      rcode: 'REFUSED',
    })
    .detect(4121, {
      id: 'attack-blocked',
      severity: 'critical',
      title: 'A destination of the block list was asked for',
      text: 'The name is known for taking stolen data. Treat every secret of this job as stolen.',
    })
    .connect(4121, null, '', { ...refused, port: 0, protocol: 'raw', via: 'socket' })
    .sandbox(4121, 'ptrace', 'ptrace(PTRACE_ATTACH, 4100)', 1)
    .file(4121, 'write', '/home/runner/work/shop/src/server.js')
    .detect(4121, {
      id: 'source-code-overwritten',
      severity: 'high',
      title: 'src/server.js was changed by another program than its first writer',
      text: 'It came from git and was written again by node postinstall.js. Compare it with the commit.',
    })
    .exit(4121)
    .exit(4120)
    .exec(4130, 4100, ['sh', '-c', 'node-gyp rebuild'], {
      cwd: '/home/runner/work/shop/node_modules/native',
    })
    .exec(4131, 4130, ['node', '/usr/lib/node_modules/node-gyp/bin/node-gyp.js', 'rebuild'])
    .dns(4131, 'headers.example.com', {
      addresses: ['203.0.113.31'],
      rule: 'policy.yml:5 headers.example.com',
    })
    .connect(4131, 'headers.example.com', '203.0.113.31', {
      rule: 'policy.yml:5 headers.example.com',
    })
    .flow(4131, 'headers.example.com', '203.0.113.31', 4_812)
    .repeat(24, (run, index) =>
      run
        .exec(4140 + index, 4131, [
          'cc',
          '-O2',
          '-c',
          `src/part-${index}.c`,
          '-o',
          `build/part-${index}.o`,
        ])
        .exit(4140 + index),
    )
    .exit(4131)
    .exit(4130)
    .flow(4100, 'registry.example.org', '203.0.113.20', 88_213)
    .exit(4100)
  return script
}

/** A job that makes a release: requests to GitHub and elsewhere, some of them not read. */
export function released(): Script {
  const token = { authorization: 'installation' } as const
  const api = 'api.github.com'
  return new Script('release')
    .exec(200, 1, ['git', 'fetch'])
    .http(200, 'POST', 'github.com', '/acme/shop/git-upload-pack', { ...token, version: '2' })
    .response(200, 400, 88_213)
    .exit(200)
    .exec(201, 1, ['gh', 'release', 'create', 'v1'])
    .http(201, 'POST', api, '/repos/acme/shop/releases', { ...token, library: 'go' })
    .response(201, 300, 2_000)
    .repeat(3, (run) =>
      run
        .http(201, 'POST', 'uploads.github.com', '/repos/acme/shop/releases/7/assets', token)
        .response(201, 98_304, 500),
    )
    .http(201, 'POST', api, '/graphql', token)
    .response(null)
    .exec(202, 1, ['node', 'notify.js'])
    .http(202, 'POST', api, '/repos/acme/shop/issues/7/comments', token)
    .response(403, 20, 100)
    .http(202, 'GET', api, '/repos/other/lib/releases/latest', token)
    .response(200, 0, 5_000)
    .http(202, 'POST', 'hooks.example.org', '/services/x')
    .exec(203, 1, ['cargo', 'publish'])
    .opaque(203, 'index.example.org', { connections: 4, bytesSent: 20_000 })
    .opaque(203, 'uploads.github.com')
    .opaque(202, null, { library: 'node', reason: 'upgraded', bytesReceived: 70_000 })
}

const acme = { repository: 'Acme/Shop', apiUrl: null, serverUrl: null } as const

export function releasedReport(): Report {
  return reportOf(released(), {
    command: ['sh', 'release.sh'],
    step: 'release',
    egress: 'audit',
    github: {
      ...acme,
      granted: { contents: 'write', issues: 'read', packages: 'write', 'id-token': 'none' },
    },
  })
}

export function stolenReport(): Report {
  return reportOf(stolen(), {
    leftOver: [{ execId: null, pid: 4177, exe: '/usr/bin/nohup', ended: true }],
  })
}

/** A job of three steps, one of which floods. */
export function stepsReport(): Report {
  const checkout = new Script('checkout')
    .exec(300, 1, ['/usr/bin/git', 'fetch'])
    .connect(300, 'github.com', '198.51.100.4', { rule: 'job policy:5 github.com:443' })
  const install = new Script('__run')
    .exec(310, 1, ['npm', 'ci'], { exe: '/usr/bin/node' })
    .exec(311, 310, ['curl', 'https://github.com'])
    .connect(310, 'registry.example.org', '203.0.113.20')
    .connect(311, 'github.com', '198.51.100.4', { rule: 'job policy:5 github.com:443' })
    .connect(310, 'evil.example.net', '203.0.113.66', { ...refused })
    .connect(310, null, '127.0.0.1', { port: 8080, reason: 'loopback', rule: null })
  const scan = new Script('scan')
    .exec(320, 1, ['scan'])
    .repeat(45, (run, index) => run.connect(320, null, `203.0.113.${100 + index}`, { ...refused }))
  const builder = new ReportBuilder()
  for (const { events } of [checkout, install, scan]) for (const event of events) builder.add(event)
  return builder.build(facts({ command: ['acme/shop', 'build'], step: 'job' }))
}

export function reportOf(script: Script, more: Parameters<typeof facts>[0] = {}): Report {
  const builder = new ReportBuilder()
  for (const event of script.events) builder.add(event)
  return builder.build(facts(more))
}
