import { mkdirSync, writeFileSync } from 'node:fs'
import type { ExecResult, Lab } from '@runwarden/lab'
import { image } from '@runwarden/lab/containers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ContainerRig } from './container-rig.ts'
import {
  expectNothingElseLeft,
  expectRefusalsTold,
  fetchGood,
  insistent,
  good,
  quote,
  reachForBad,
  servers,
} from './containers.ts'
import { Place } from './runwarden.ts'

let rig: ContainerRig
let lab: Lab
let place: Place

beforeAll(async () => {
  rig = await ContainerRig.start({ servers })
  lab = rig.lab
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
beforeEach(async () => {
  place = new Place()
  await lab.internet.clear()
})
afterEach(() => place[Symbol.dispose]())

/** Runs a shell script under a policy; `more` are further lines of it. */
async function run(script: string, ...more: string[]): Promise<ExecResult> {
  return runIn(rig, script, more)
}

async function runIn(
  on: ContainerRig,
  script: string,
  more: readonly string[],
): Promise<ExecResult> {
  const lines = [good.name, ...more].map((line) => `  - ${line}\n`).join('')
  writeFileSync(place.at('policy.yml'), `version: 1\negress: block\nallow:\n${lines}`)
  return on.run(place, '--policy', 'policy.yml', '--', 'sh', '-c', script)
}

/** A shell command that runs others in a container. */
function podmanRun(options: string, ...commands: string[]): string {
  return `podman run --rm ${options} $IMAGE sh -c ${quote(commands.join('; '))}`
}

describe('a container', () => {
  test.for([
    ['of the default bridge', '--network podman', ''],
    ['of a user-defined bridge', '--network own', 'podman network create own >/dev/null;'],
    [
      'of an IPv6 bridge',
      '--network six',
      'podman network create --ipv6 --subnet fd00:77::/64 six >/dev/null;',
    ],
    ['of the host’s network', '--network host', ''],
    ['with all privileges', '--privileged --cap-drop NET_RAW', ''],
  ] as const)(
    '%s reaches what the policy allows and nothing else',
    { timeout: 600_000 },
    async ([, options, before]) => {
      const ended = await run(
        `${before} ${podmanRun(options, `${fetchGood} ${insistent}`, reachForBad)}`,
      )
      expect(ended, ended.stderr).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('hello'),
      })
      await expectNothingElseLeft(lab)
      expectRefusalsTold(place.events())
      const reached = place
        .report()
        .destinations.find(({ host, verdict }) => host === good.name && verdict === 'allowed')
      expect(reached?.processes.map(({ exe }) => exe)).toContain('/usr/bin/curl')
    },
  )

  test('of an IPv6 bridge reaches what the policy allows by IPv6', async () => {
    const ended = await run(
      `podman network create --ipv6 --subnet fd00:78::/64 seven >/dev/null; ${podmanRun('--network seven', `${fetchGood} -6 ${insistent}`)}`,
    )
    expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining('hello') })
    const record = (await lab.internet.records()).find(({ service }) => service === 'https')
    expect(record?.address).toBe(good.addresses[1])
  })

  test('without a network reaches nothing, and is told', async () => {
    const ended = await run(podmanRun('--network none', fetchGood, reachForBad))
    expect(ended.status).toBe(0)
    expect(await lab.internet.records()).toEqual([])
    await expectNothingElseLeft(lab)
    expectRefusalsTold(place.events())
  })
})

test.for([
  ['podman build', 'podman build --isolation chroot'],
  [
    'podman build with a runtime',
    'podman build --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --isolation oci --runtime runc',
  ],
  ['buildah', 'buildah bud --isolation chroot'],
] as const)('%s: its steps reach what the policy allows and nothing else', async ([, build]) => {
  mkdirSync(place.at('context'))
  writeFileSync(
    place.at('context', 'Dockerfile'),
    `FROM ${image}\nRUN ${fetchGood}\nRUN ${reachForBad}\n`,
  )
  const ended = await run(`${build} --no-cache -t built context`)
  expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining('hello') })
  await expectNothingElseLeft(lab)
  expectRefusalsTold(place.events())
})

describe('in a user-defined network', () => {
  const serve =
    'podman network create --subnet 10.89.7.0/24 services >/dev/null && podman run -d --name web --network services $IMAGE sh -c "mkdir /www; echo from the container >/www/index.html; exec httpd -f -p 80 -h /www" >/dev/null'
  // The other one may not listen yet, either.
  const askWeb = `curl -sS -m 60 ${insistent} http://web/`
  const end = 'podman rm -f -t 0 web >/dev/null; podman network rm services >/dev/null'

  test('containers find one another by name, and reach one another where the policy allows the network', async () => {
    const ended = await run(
      `${serve}; ${podmanRun('--network services', askWeb, 'dig +tcp +short web.dns.podman', fetchGood, reachForBad)}; ${end}`,
      '10.89.7.0/24:1-65535',
      'udp://10.89.7.0/24:1-65535',
    )
    expect(ended.stdout).toContain('from the container\n10.89.7.')
    expect(ended.stdout).toContain('hello')
    await expectNothingElseLeft(lab)
    expectRefusalsTold(place.events())
    const query = place.eventsOf('dns.query').find(({ name }) => name === 'web.dns.podman')
    expect(query).toMatchObject({ verdict: 'allowed', server: '10.89.7.1' })
  })

  test('containers find one another also where the machine’s resolver is on its loopback', async () => {
    await using other = await ContainerRig.start({ servers, stub: true })
    const script = `${serve}; ${podmanRun('--network services', askWeb, fetchGood)}; ${end}`
    const ended = await runIn(other, script, ['10.89.7.0/24:1-65535', 'udp://10.89.7.0/24:1-65535'])
    expect(ended.stdout).toContain('from the container\nhello')
  })

  test('without a line for the network containers do not reach one another', async () => {
    const ended = await run(
      `${serve}; address=$(podman inspect -f '{{.NetworkSettings.Networks.services.IPAddress}}' web); podman run --rm --network services $IMAGE curl -sS -m 60 http://$address/; ${end}`,
    )
    expect(ended.stdout).not.toContain('from the container')
    expect(
      place
        .eventsOf('net.connect')
        .filter(({ address, verdict }) => address.startsWith('10.89.7.') && verdict === 'blocked'),
    ).not.toEqual([])
  })
})

test('a container stays in the scope: no process has left it, and none is left behind', async () => {
  const ended = await run('podman run -d --network host $IMAGE sleep 1000 >/dev/null')
  expect(ended.status).toBe(0)
  const { leftOver, detections } = place.report()
  expect(leftOver.map(({ exe }) => exe)).toContain('/usr/bin/busybox')
  expect(detections.filter(({ id }) => id === 'agent-tampered')).toEqual([])
})
