import { afterAll, beforeAll, expect, test } from 'vitest'
import { curl, HttpsRig, python, SENT_AGAIN_MS, url } from './https-rules-rig.ts'

let rig: HttpsRig
beforeAll(async () => {
  rig = await HttpsRig.start()
}, 120_000)
afterAll(async () => rig[Symbol.asyncDispose]())

/** Continues a process as often as it can, until it has ended. */
const goOn = `python3 -c '
import os, signal, sys
while True:
    try: os.kill(int(sys.argv[1]), signal.SIGCONT)
    except OSError: break'`

test('SIGCONT from beside lets nothing out, nor when the run is over', async () => {
  const { arrived, told } = await rig.attempt(
    `${curl} --http1.1 ${url}/evil & child=$!
     ${goOn} $child &
     wait $child; true`,
    { waitMs: SENT_AGAIN_MS },
  )
  expect(arrived).toEqual([])
  expect(told).toEqual(['blocked GET api.example.com/evil'])
}, 120_000)

const child = (path: string): string => `
tls = connect("api.example.com")
import os
for i in range(20):
    tls.sendall(b"GET /repos/acme/a HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n"); tls.recv(9999)
if os.fork() == 0:
    tls.sendall(b"GET ${path} HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n"); tls.recv(9999)
    os._exit(0)
os.wait()`

test('a child may use the connection that its parent made', async () => {
  const { arrived } = await rig.attempt(python(child('/repos/acme/b')))
  expect(arrived.at(-1)).toBe('GET api.example.com/repos/acme/b')
}, 120_000)

test('what a child must not ask does not leave by the connection of its parent', async () => {
  const { arrived, told } = await rig.attempt(
    `${python(child('/evil'))} & parent=$!
     for i in $(seq 200); do pkill -CONT -P $parent; sleep 0.01; done & wait $parent`,
    { waitMs: SENT_AGAIN_MS },
  )
  expect([...new Set(arrived)]).toEqual(['GET api.example.com/repos/acme/a'])
  expect(told.at(-1)).toBe('blocked GET api.example.com/evil')
}, 120_000)

test('threads: each request is decided about, and one that is not allowed ends them all', async () => {
  const { arrived, told } = await rig.attempt(
    python(`
import threading, time
def ask(path):
    c = http.client.HTTPSConnection("api.example.com"); c.request("GET", path); c.getresponse().read()
threads = [threading.Thread(target=ask, args=("/repos/acme/%d" % i,)) for i in range(40)]
for t in threads: t.start()
for t in threads: t.join()
ask("/evil")`),
    { waitMs: SENT_AGAIN_MS },
  )
  expect([...arrived].toSorted()).toEqual(
    Array.from({ length: 40 }, (_, i) => `GET api.example.com/repos/acme/${i}`).toSorted(),
  )
  expect(told.at(-1)).toBe('blocked GET api.example.com/evil')
}, 120_000)

/** Asks as often as 20 times over one connection, and says how many stops of the process were seen. */
const stops = (text: string): string =>
  python(`
import os
pid = os.fork()
if pid == 0:
    tls = connect("api.example.com")
    for i in range(20): say(tls, "${text}"); tls.recv(9999)
    os._exit(0)
seen = 0
while True:
    _, status = os.waitpid(pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status): break
    seen += 1
print(seen)`)

test('what the kernel can allow stops nobody; what user space must read does', async () => {
  const line = 'GET /repos/acme/a HTTP/1.1\\r\\nHost: api.example.com\\r\\n'
  const plain = await rig.attempt(stops(`${line}\\r\\n`))
  expect(plain.stdout).toBe('0\n')
  expect(plain.arrived).toHaveLength(20)
  expect(plain.told).toEqual(Array(20).fill('allowed GET api.example.com/repos/acme/a'))
  const chunked = await rig.attempt(
    stops(`${line}Transfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n`),
  )
  expect(Number(chunked.stdout)).toBeGreaterThan(0)
  expect(chunked.arrived).toHaveLength(20)
}, 120_000)
