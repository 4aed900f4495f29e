import { expect, test } from 'vitest'
import { culprits, type RunReport } from '../src/demo/culprit.ts'

const image = (command: string, cwd: string) => ({
  exe: '/usr/bin/x',
  argv: command.split(' '),
  cwd,
})
const by = (...execIds: string[]) => execIds.map((execId) => ({ execId }))

const report: RunReport = {
  egress: 'block',
  destinations: [
    {
      host: 'a.example.com',
      address: '192.0.2.1',
      port: 443,
      verdict: 'allowed',
      count: 9,
      processes: by('1', '3'),
    },
    {
      host: null,
      address: '2001:db8::1',
      port: 443,
      verdict: 'blocked',
      count: 2,
      processes: by('3'),
    },
    {
      host: null,
      address: '2001:db8::1',
      port: 443,
      verdict: 'blocked',
      count: 3,
      processes: by('3'),
    },
    {
      host: null,
      address: '192.0.2.9',
      port: 1,
      verdict: 'blocked',
      count: 1,
      processes: by('unknown'),
    },
  ],
  dns: [
    {
      name: 'b.example.net',
      type: 'A',
      server: '192.0.2.53',
      verdict: 'blocked',
      count: 1,
      processes: by('3'),
    },
  ],
  processes: [
    { execId: '1', parentExecId: null, pid: 1, images: [image('npm ci', '/job')] },
    {
      execId: '2',
      parentExecId: '1',
      pid: 2,
      images: [image('sh -c evil', '/job/node_modules/@a/b')],
    },
    {
      execId: '3',
      parentExecId: '2',
      pid: 3,
      images: [
        image('sh evil', '/job'),
        image('evil --now', '/job/node_modules/x/node_modules/@a/b/lib'),
      ],
    },
  ],
}

test('what policy does not allow is told by process, with its package, ancestors and acts', () => {
  expect(culprits(report)).toEqual([
    {
      pid: 3,
      command: 'evil --now',
      package: '@a/b',
      ancestors: ['sh -c evil', 'npm ci'],
      acts: [
        { what: 'connect [2001:db8::1]:443', verdict: 'blocked', count: 5 },
        { what: 'query b.example.net A at 192.0.2.53', verdict: 'blocked', count: 1 },
      ],
    },
  ])
})
