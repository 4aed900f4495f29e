import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { startLab } from '@runwarden/lab'
import { expect, test } from 'vitest'
import { buildGo } from '../../sensor/test/tls/captured.ts'
import { httpsServer } from './https-server.ts'
import { environment, Place, runwarden } from './runwarden.ts'

/** Requests of every client, each with a marker in its path and a secret in its query and its headers. */
const clients = `
set -e
head -c 98304 /dev/zero > upload
curl -s --http1.1 -H "X-Key: $SECRET" "$URL/marker/curl-1?key=$SECRET" "$URL/marker/curl-1-again"
curl -s --http2 -H "X-Key: $SECRET" "$URL/marker/curl-2?key=$SECRET" "$URL/marker/missing"
curl -s --http1.1 --data-binary @upload "$URL/marker/curl-1-upload"
curl -s --http2 --data-binary @upload "$URL/marker/curl-2-upload"
curl -s -I "$URL/marker/curl-head"
curl -s --http2 -Z --parallel-max 100 "$URL/marker/parallel-2-[1-300]?key=$SECRET"
curl -s --http1.1 -Z --parallel-max 20 "$URL/marker/parallel-1-[1-200]?key=$SECRET"
wget -q -O - --ca-certificate "$SSL_CERT_FILE" "$URL/marker/wget?key=$SECRET"
"$NODE" -e 'await (await fetch(process.env.URL + "/marker/node?key=" + process.env.SECRET)).text()'
"$NODE" -e '
  const session = require("node:http2").connect(process.env.URL)
  session.request({ ":path": "/marker/node-2?key=" + process.env.SECRET, authorization: process.env.SECRET })
    .resume().on("end", () => session.close())'
python3 -c '
import http.client, os, ssl
host = os.environ["URL"].removeprefix("https://")
connection = http.client.HTTPSConnection(host, context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]))
for part in range(3):
    connection.request("PUT", f"/marker/python-{part}?key=" + os.environ["SECRET"], b"x" * 96 * 1024)
    connection.getresponse().read()'
git ls-remote "$URL/marker/git" || true
./gh "$URL/marker/go?key=$SECRET" one two
HTTP=2 ./gh "$URL/marker/go-2?key=$SECRET" one two three
wget -q -O - --ca-certificate "$SSL_CERT_FILE" --post-file upload "$URL/marker/wget-upload" "$URL/marker/wget-again"
"$NODE" -e 'for (const part of ["upload", "again"])
  await (await fetch(process.env.URL + "/marker/node-" + part, { method: "PUT", body: "x".repeat(96 * 1024) })).text()'
large=$(head -c 98304 /dev/zero | tr '\\0' x)
./gh "$URL/marker/go-upload" "$large" "$large"
HTTP=2 ./gh "$URL/marker/go-2-upload" "$large"
`

test('every request of every client is told, with sizes and status, and no secret of it', async () => {
  using place = new Place()
  // A program of this name is probed before the job begins; others from their first run on.
  renameSync(buildGo(place.path, 'post'), place.at('gh'))
  await using server = await httpsServer(place.path)
  const secret = 'topsecret0123456789'
  const env = {
    PATH: `${place.path}:${environment.PATH}`,
    URL: `https://localhost:${server.port}`,
    SECRET: secret,
    NODE: process.execPath,
    CURL_CA_BUNDLE: server.authority,
    SSL_CERT_FILE: server.authority,
    GIT_SSL_CAINFO: server.authority,
    NODE_EXTRA_CA_CERTS: server.authority,
  }
  const { status, stderr } = await place.run(['--quiet', '--', 'bash', '-c', clients], { env })
  expect(stderr).not.toContain('RECORD INCOMPLETE')
  expect(status).toBe(0)

  const answers = new Map(place.eventsOf('http.response').map((event) => [event.request, event]))
  const requests = place.eventsOf('http.request')
  const told = requests.map(({ seq, method, path }) => {
    const answer = answers.get(seq)
    return `${method} ${path}, ${answer?.requestBytes} bytes: ${answer?.status}, ${answer?.responseBytes} bytes`
  })
  const reached = server.requests.map((line) => {
    const [head = '', bytes = ''] = line.split(', ')
    const found = head.includes('missing') ? '404' : '200'
    return `${head.replace(/\?.*/, '')}, ${bytes}: ${found}, ${head.startsWith('HEAD') ? 0 : 10} bytes`
  })
  expect(reached.length).toBe(527)
  expect(told.toSorted()).toEqual(reached.toSorted())
  expect(place.eventsOf('http.opaque')).toEqual([])
  expect(new Set(requests.map(({ host }) => host))).toEqual(new Set([`localhost:${server.port}`]))
  expect(new Set(requests.map(({ library }) => library))).toEqual(
    new Set(['openssl', 'node', 'gnutls', 'go']),
  )
  const { http, processes } = place.report()
  expect(http.reduce((sum, { count }) => sum + count, 0)).toBe(requests.length)
  expect(http.every((one) => one.processes.length > 0)).toBe(true)
  // The command line is told as it was, and the shell's holds the script, not the secret.
  expect(processes.length).toBeGreaterThan(10)
  for (const event of place.events()) {
    if (event.kind.startsWith('http.')) expect(JSON.stringify(event)).not.toContain(secret)
  }
})

const github = `
api() { curl -s --connect-to "::127.0.0.1:$PORT" -H "Authorization: $1" -X "$2" "https://api.github.com$3"; }
api 'Bearer ghs_0123456789' POST /repos/acme/shop/issues
api 'Bearer ghs_0123456789' GET /repos/acme/shop/contents/a/b?ref=x
api 'Bearer ghp_0123456789' PUT /repos/acme/shop/actions/secrets/X
api 'Bearer ghs_0123456789' POST /repos/stranger/loot/contents/dump
`

test('calls of GitHub: the permissions that they need, and the one that leaves the repository', async () => {
  using place = new Place()
  await using server = await httpsServer(place.path)
  const env = { PORT: String(server.port), CURL_CA_BUNDLE: server.authority }
  const granted = ['--granted', 'contents: write, issues: write, packages: read']
  const args = [...granted, '--repository', 'Acme/Shop', '--', 'bash', '-c', github]
  const { stderr } = await place.run(args, { env })
  expect(server.requests).toHaveLength(4)
  const { minimumPermissions, tokenCalls, detections } = place.report()
  expect(minimumPermissions).toBe(`permissions:
  contents: read # GET /repos/{owner}/{repo}/contents/{path}
  issues: write  # POST /repos/{owner}/{repo}/issues
`)
  expect(tokenCalls.map(({ meaning, programs }) => `${meaning} ${programs.join()}`)).toEqual([
    'needed /usr/bin/curl',
    'needed /usr/bin/curl',
    'other-token /usr/bin/curl',
    'outside /usr/bin/curl',
  ])
  expect(detections.map(({ id, severity, title }) => `${id} ${severity}: ${title}`)).toEqual([
    "https-outbound-anomaly high: a change was asked of stranger/loot, which is not the job's repository",
  ])
  expect(detections[0]?.acts[0]?.text).toBe(
    'POST https://api.github.com/repos/stranger/loot/contents/dump: allowed',
  )
  expect(stderr).toContain('Minimum token permissions')
  expect(stderr).toContain('contents: write was granted, and read was enough.')
  expect(stderr).toContain('packages: read was granted, and not needed.')
  for (const file of ['report.json', 'summary.md', 'report.html'])
    expect(readFileSync(place.at('out', file), 'utf8')).toContain('/repos/{owner}/{repo}/issues')
})

/** TLS that no library of ours makes, TLS that is no HTTP, QUIC: all towards port 443. */
const opaque = `
bash -c 'exec 3<>/dev/tcp/files.example.org/443; head -c 3000 /dev/zero >&3; sleep 0.2; true'
(printf 'EHLO me\\r\\n'; sleep 0.3) | openssl s_client -quiet -connect files.example.org:443 -servername files.example.org
head -c 1200 /dev/zero | socat -u - UDP4:files.example.org:443
true
`

test('what stays opaque is told with its program, host and reason', async () => {
  const name = 'files.example.org'
  await using lab = await startLab({
    servers: [{ name, addresses: ['198.51.100.10'], ports: { https: 443 } }],
  })
  using place = new Place()
  writeFileSync(place.at('job.sh'), opaque)
  const args = ['run', '--quiet', '--out', place.out, '--', 'bash', place.at('job.sh')]
  const { stderr } = await lab.runner.exec(runwarden, args)
  expect(stderr).not.toContain('RECORD INCOMPLETE')
  const { opaque: told, http } = place.report()
  expect(http).toEqual([])
  expect(
    told.map(({ exe, host, reason, library }) => `${exe} ${host} ${reason} ${library}`).toSorted(),
  ).toEqual([
    '/usr/bin/bash files.example.org no-library null',
    '/usr/bin/openssl files.example.org not-http openssl',
    expect.stringMatching(/^\/usr\/bin\/socat\d? files\.example\.org quic null$/),
  ])
  expect(readFileSync(place.at('out', 'summary.md'), 'utf8')).toContain(
    'HTTPS traffic that stayed opaque',
  )
})
