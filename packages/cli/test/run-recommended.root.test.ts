import { readFileSync, writeFileSync } from 'node:fs'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

const hosts: [name: string, address: string, port: number][] = [
  ['intranet.example.com', '10.20.0.5', 80],
  ['registry.example.com', '10.20.0.6', 80],
  ['proxy.example.com', '198.51.100.35', 3128],
]
const job = `
curl -sS -o /dev/null -m 30 http://intranet.example.com/intranet-$1
curl -sS -o /dev/null -m 30 http://registry.example.com/registry-$1
curl -sS -o /dev/null -m 30 http://proxy.example.com:3128/proxy-$1
curl -sS -o /dev/null -m 30 -x http://proxy.example.com:3128 http://elsewhere.example.net/proxied-$1
exit 0
`

const place = new Place()
let lab: Lab
beforeAll(async () => {
  lab = await startLab({
    packets: false,
    servers: hosts.map(([name, address, port]) => ({
      name,
      addresses: [address],
      ports: { http: port },
    })),
  })
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

/** Runs the job under a policy. @returns which of its requests arrived */
async function arrived(mark: string, policy: string): Promise<string[]> {
  writeFileSync(place.at(`${mark}.yml`), policy)
  const args = ['run', '--policy', `${mark}.yml`, '--out', place.at(mark), '--']
  const { status, stderr } = await lab.runner.exec(
    runwarden,
    [...args, 'bash', '-c', job, 'bash', mark],
    { cwd: place.path },
  )
  expect(status, stderr).toBe(0)
  const records = (await lab.internet.records()).map(({ data }) => data.toString()).join('')
  return ['intranet', 'registry', 'proxy', 'proxied'].filter((what) =>
    records.includes(`/${what}-${mark} `),
  )
}

const recommended = (mark: string): string => place.report(place.at(mark)).recommendedPolicy

test('what is recommended for names that lead to private addresses, and for a proxy, lets the job pass', async () => {
  expect(await arrived('audit', 'version: 1\negress: audit\n')).toEqual([
    'intranet',
    'registry',
    'proxy',
    'proxied',
  ])
  expect(recommended('audit')).toBe(`version: 1
egress: block
allow:
  - intranet.example.com:80 # curl
  - proxy.example.com:3128 # curl
  - registry.example.com:80 # curl
  - 10.20.0.5:80 # curl
  - 10.20.0.6:80 # curl
  - 198.51.100.35:3128 # curl
`)

  // The last one is the proxy, asked for another name than its own.
  const lacking = recommended('audit').replace(/ {2}- 10\.20\.0\.6:80[^]*/, '')
  expect(await arrived('block', lacking)).toEqual(['intranet', 'proxy'])
  const why =
    'block.yml:6 registry.example.com:80 allows the name, but 10.20.0.6 is a private address: it needs a line of its own'
  expect(
    place
      .report(place.at('block'))
      .destinations.filter(({ verdict }) => verdict === 'blocked')
      .map(({ address, reason }) => [address, reason]),
  ).toContainEqual(['10.20.0.6', why])
  expect(readFileSync(place.at('block', 'summary.md'), 'utf8')).toContain(`allow:
  - "10.20.0.6:80"
  - { endpoint: "proxy.example.com:3128", names: unchecked }
\`\`\``)
  expect(recommended('block')).toBe(`version: 1
egress: block
allow:
  - intranet.example.com:80 # curl
  - proxy.example.com:3128 # curl
  - 10.20.0.5:80 # curl
  # Blocked in this run. Remove the "#" of those that the job should reach.
  # - { endpoint: proxy.example.com:3128, names: unchecked } # curl
  # - registry.example.com:80 # curl
  # - 10.20.0.6:80 # curl
`)
  const simulated = await place.exec(runwarden, [
    'policy',
    'simulate',
    '--policy',
    'block.yml',
    'audit',
  ])
  expect(simulated.stdout).toBe(`blocked  registry.example.com:80/tcp  1×  ${why}
blocked  198.51.100.35:3128/tcp  1×  not in the policy
not tried  proxy.example.com:3128  whether connections there ask for that name (TLS SNI, HTTP Host): no line of the policy of the time had it, and none was judged by it
the run: 13 queries, attempts and requests, 2 of them would be refused
`)
  expect(simulated.status).toBe(1)

  const all = recommended('block').replaceAll('  # - ', '  - ')
  expect(await arrived('all', all)).toEqual(['intranet', 'registry', 'proxy', 'proxied'])
}, 300_000)
