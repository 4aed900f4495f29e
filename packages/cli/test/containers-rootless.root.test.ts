import { chmodSync, writeFileSync } from 'node:fs'
import type { Lab } from '@runwarden/lab'
import { rootlessUser } from '@runwarden/lab/containers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ContainerRig } from './container-rig.ts'
import {
  bad,
  expectNothingElseLeft,
  fetchGood,
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
  rig = await ContainerRig.start({ servers }, { rootless: true })
  lab = rig.lab
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
beforeEach(async () => {
  place = new Place()
  chmodSync(place.path, 0o755)
  await lab.internet.clear()
})
afterEach(() => place[Symbol.dispose]())

/** Runs a shell script as an ordinary user, under a policy that allows one name. */
async function run(script: string) {
  writeFileSync(place.at('policy.yml'), `version: 1\negress: block\nallow:\n  - ${good.name}\n`)
  const words = ['--policy', 'policy.yml', '--user', rootlessUser.name]
  return rig.run(place, ...words, '--', 'sh', '-c', script)
}

/** What was refused, by name or address. */
function refused(): string[] {
  return place
    .events()
    .flatMap((event) =>
      event.kind === 'net.connect' && event.verdict === 'blocked'
        ? [event.address]
        : event.kind === 'dns.query' && event.verdict === 'blocked'
          ? [event.name]
          : [],
    )
}

test.for([
  ['slirp4netns', '--network slirp4netns'],
  ['the host’s network', '--network host'],
] as const)(
  'a rootless container over %s reaches what the policy allows and nothing else',
  { timeout: 600_000 },
  async ([, options]) => {
    const commands = quote([fetchGood, reachForBad].join('; '))
    const ended = await run(`podman run --rm ${options} $IMAGE sh -c ${commands}`)
    expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining('hello') })
    await expectNothingElseLeft(lab)
    expect(refused()).toEqual(expect.arrayContaining([bad.name, bad.v4]))
  },
)

/** Joins the namespaces of the process in the file `pid` to the network by a program of user space. */
const joined = (command: string): string => `
  unshare --user --map-root-user --net sh -c ${quote(
    `echo $$ >"$HOME/pid"; while ! ip route | grep -q default; do sleep 0.1; done; ${command}`,
  )} &
  inside=$!
  while ! [ -s "$HOME/pid" ]; do sleep 0.1; done
  slirp4netns --configure "$(cat "$HOME/pid")" tap0 >/dev/null 2>&1 &
  wait $inside; status=$?; rm "$HOME/pid"; kill $!; exit $status`

test('a fresh user and network namespace reaches what the policy allows and nothing else', async () => {
  const ended = await run(joined([fetchGood, reachForBad].join('; ')))
  expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining('hello') })
  await expectNothingElseLeft(lab)
  expect(refused()).toEqual(expect.arrayContaining([bad.name, bad.v4]))
})

test('what a job’s own resolver in a namespace says opens nothing', async () => {
  // At the address of the machine's resolver, too.
  const resolver = `ip addr add 192.0.2.53/32 dev lo
    dnsmasq --no-daemon --pid-file= --user=root --group=root --no-resolv --no-hosts --listen-address=192.0.2.53,127.0.0.1 \
      --bind-interfaces --address=/${good.name}/service/${bad.v4} &
    until dig +short service @127.0.0.1 | grep -q .; do sleep 0.1; done
    dig +short service @127.0.0.1
    curl -sS -m 60 https://${good.name}/
    curl -sS -m 60 --resolve ${good.name}:443:${bad.v4} https://${good.name}/
    kill $!`
  const ended = await run(joined(resolver))
  expect(ended.stdout).toContain(`${bad.v4}\nhello`)
  expect(refused()).toContain(bad.v4)
  await expectNothingElseLeft(lab)
})

test('names are answered from the first query on in a namespace that was made a moment ago', async () => {
  const look = `ip link set lo up; dig +tries=1 +time=60 +short ${good.name} A`
  const script = `for i in $(seq 20); do unshare --user --map-root-user --net sh -c ${quote(look)}; done`
  const ended = await run(script)
  expect(ended.stdout).toBe(`${good.addresses[0]}\n`.repeat(20))
})

test('who waits for its namespace does so unseen: a shell with job control takes it for no stopped job', async () => {
  const jobs = 'unshare --user --map-root-user --net true; echo "ended with $?"; jobs'
  const terminal = `script -qec ${quote(`bash -mc ${quote(jobs)}`)} /dev/null </dev/null`
  const ended = await run(terminal)
  expect(ended.stdout).toContain('ended with 0')
  expect(ended.stdout).not.toContain('Stopped')
})
