import { afterAll, beforeAll, expect, test } from 'vitest'
import { curl, HttpsRig, url } from './https-rules-rig.ts'

let rig: HttpsRig
beforeAll(async () => {
  rig = await HttpsRig.start()
}, 120_000)
afterAll(async () => rig[Symbol.asyncDispose]())

const rules = `  - https: api.example.com
    methods: [GET]
    paths: ["/repos/acme/**"]
`
/** Both names lead to one address; then what ssh says first, on port 443 of the one without rules. */
const ssh = `getent hosts api.example.com >names
  exec 3<>/dev/tcp/other.example.com/443
  printf 'SSH-2.0-nameless\\r\\n' >&3
  timeout 10 head -c 1 <&3`

async function attempt(command: string, allow: string) {
  await rig.lab.internet.clear()
  const { arrived, told, report } = await rig.attempt(command, { allow, waitMs: 2000 })
  const packets = await rig.lab.internet.packets()
  return {
    left: packets.some(({ payload }) => payload.includes('SSH-2.0-nameless')),
    arrived,
    told,
    refused: report.destinations.filter(({ verdict }) => verdict === 'blocked'),
    recommended: report.recommendedPolicy,
  }
}

test('ssh to a host without rules, at an address of one with rules, is refused with the line that lets it pass', async () => {
  const { left, refused, recommended } = await attempt(ssh, `${rules}  - other.example.com\n`)
  expect(left).toBe(false)
  expect(refused).toMatchObject([
    {
      host: 'other.example.com',
      port: 443,
      reason:
        'it says no name, at an address that several names led to, and the policy has HTTPS rules: it may be meant for a host that has them (with "names: unchecked" its policy line lets it pass)',
    },
  ])
  expect(recommended).toContain('other.example.com')
  expect(recommended).toContain('names: unchecked')
}, 120_000)

test('names: unchecked lets it pass, and requests to the host with rules are decided as ever', async () => {
  const line = '  - { endpoint: other.example.com, names: unchecked }\n'
  const { left, arrived, told } = await attempt(
    `${ssh}; ${curl} ${url}/repos/acme/shop; ${curl} ${url}/evil`,
    rules + line,
  )
  expect(left).toBe(true)
  expect(arrived).toEqual(['GET api.example.com/repos/acme/shop'])
  expect(told.at(-1)).toBe('blocked GET api.example.com/evil')
}, 120_000)

test('a line for the address does not', async () => {
  const { left } = await attempt(ssh, `${rules}  - other.example.com\n  - 198.51.100.30:443\n`)
  expect(left).toBe(false)
}, 120_000)

test('to a host with rules it is refused, with unseen: allow, too', async () => {
  const { left, refused } = await attempt(
    ssh.replace('tcp/other', 'tcp/api'),
    rules.replace('methods: [GET]', 'unseen: allow'),
  )
  expect(left).toBe(false)
  const reason =
    'its host has HTTPS rules, and this is no TLS that says its name and was read from its beginning'
  expect(refused).toMatchObject([{ host: 'api.example.com', reason }])
}, 120_000)
