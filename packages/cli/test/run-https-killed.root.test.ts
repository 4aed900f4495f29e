import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { curl, HttpsRig, policyOf, python, SENT_AGAIN_MS, url } from './https-rules-rig.ts'
import { Place, runwarden, until } from './runwarden.ts'

let rig: HttpsRig
beforeAll(async () => {
  rig = await HttpsRig.apart()
}, 120_000)
afterAll(async () => rig[Symbol.asyncDispose]())

test('a killed agent: nothing more leaves for the host, by old connections or new ones', async () => {
  using place = new Place()
  writeFileSync(place.at('policy.yml'), policyOf())
  const job = python(`
import os, time
def ask(tls, path):
    try:
        tls.settimeout(3)
        tls.sendall(("GET %s HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n" % path).encode()); tls.recv(9999)
    except OSError: pass
old = connect("api.example.com")
# Each leaves some of what is granted for its overhead.
for i in range(200): ask(old, "/repos/acme/%d" % i)
open("started", "w").close()
while not os.path.exists("go"): time.sleep(0.02)
ask(old, "/evil")
ask(old, "/repos/acme/after")
new = socket.create_connection(old.getpeername(), 3)
try: ask(ssl._create_unverified_context().wrap_socket(new, server_hostname="api.example.com"), "/evil")
except OSError: pass
open("done", "w").close()`)
  writeFileSync(place.at('job.sh'), job)
  const args = ['run', '--quiet', '--policy', place.at('policy.yml'), '--out', place.out]
  const child = rig.lab.runner.spawn(runwarden, [...args, '--', 'bash', place.at('job.sh')], {
    cwd: place.path,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await until(() => existsSync(place.at('started')))
  const before = await rig.requests()
  expect(before.filter((line) => line.includes('/repos/acme/199'))).toHaveLength(1)
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  writeFileSync(place.at('go'), '')
  await until(() => existsSync(place.at('done')))
  expect(await rig.requests()).toEqual(before)
  // What the job left to be sent goes with it when the next run cleans up.
  const next = await rig.attempt(`${curl} ${url}/repos/acme/next`, { waitMs: SENT_AGAIN_MS })
  expect(next.stderr).toContain(`cleaned up after run ${child.pid}-`)
  expect(next.arrived).toEqual(['GET api.example.com/repos/acme/next'])
}, 180_000)
