import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { madeUpToken } from '@runwarden/lab/tokens'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type HttpsServer, httpsServer } from './https-server.ts'
import { prepareJob } from './job.ts'
import { environment, Place } from './runwarden.ts'

const token = madeUpToken('ghs_', 'Artifact')
const service = '/twirp/github.actions.results.api.v1.ArtifactService'

/** Uploads as actions/upload-artifact does: asks for a place, then reads the files, and sends them compressed. */
const upload = `
const { createReadStream, readdirSync, statSync } = require('node:fs')
const { join } = require('node:path')
const { createDeflateRaw } = require('node:zlib')
const https = require('node:https')
const ask = (method, path) => new Promise((resolve, reject) => {
  const request = https.request(process.env.ACTIONS_RESULTS_URL + path, { method, agent }, (answer) => answer.resume().on('end', resolve))
  resolveRequest(request)
  request.on('error', reject)
})
let resolveRequest
const agent = new https.Agent({ keepAlive: true })
const end = (method, path) => { resolveRequest = (request) => request.end('{}'); return ask(method, path) }
const send = (file) => { resolveRequest = (request) => createReadStream(file).pipe(createDeflateRaw()).pipe(request); return ask('PUT', '/blob') }
async function main() {
  // Read before, for another reason.
  for (const file of (process.env.INPUT_OWN || '').split(' ').filter(Boolean)) require('node:fs').readFileSync(file)
  await end('POST', '${service}/CreateArtifact')
  for (const file of process.env.INPUT_PATH.split(' ')) await send(file)
  await end('POST', '${service}/FinalizeArtifact')
  agent.destroy()
}
main()
`

/** Saves a cache as actions/cache does, in its post: an archive of its own, deleted when it is uploaded. */
const save = `
const { execFileSync } = require('node:child_process')
const { createReadStream, mkdtempSync, openSync, rmSync } = require('node:fs')
const https = require('node:https')
const agent = new https.Agent({ keepAlive: true })
const send = (method, path, body) => new Promise((resolve, reject) => {
  const request = https.request(process.env.ACTIONS_RESULTS_URL + path, { method, agent }, (answer) => answer.resume().on('end', resolve))
  request.on('error', reject)
  if (body) body.pipe(request)
  else request.end('{}')
})
async function main() {
  const folder = mkdtempSync(process.env.RUNNER_TEMP + '/')
  const archive = folder + '/cache.tzst'
  const paths = process.env.INPUT_PATH.split(' ')
  execFileSync('tar', ['--posix', '-cf', archive, '-P', '-C', process.cwd(), ...paths, '--use-compress-program', 'zstd -T0 --long=30'])
  const [begin, put, end] = process.env.INPUT_OLD
    ? [['POST', '/_apis/artifactcache/caches'], ['PATCH', '/_apis/artifactcache/caches/7'], ['POST', '/_apis/artifactcache/caches/7']]
    : [['POST', '/twirp/github.actions.results.api.v1.CacheService/CreateCacheEntry'], ['PUT', '/blob'], ['POST', '/twirp/github.actions.results.api.v1.CacheService/FinalizeCacheEntryUpload']]
  await send(...begin)
  const body = createReadStream(archive)
  await new Promise((resolve) => body.once('open', resolve))
  // The real service is farther away than the test's.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  await send(...put, body)
  await send(...end)
  rmSync(folder, { recursive: true })
  agent.destroy()
}
main()
`

let place: Place
let server: HttpsServer
beforeEach(async () => {
  place = new Place()
  server = await httpsServer(place.path)
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

function action(name: string, inputs: string, runs: string, program: string): void {
  const folder = place.at('actions', 'acme', name, 'v1')
  mkdirSync(folder, { recursive: true })
  const about = `name: ${name}\ndescription: ''\ninputs: { path: {}, ${inputs}: { default: '' } }\n`
  writeFileSync(`${folder}/action.yml`, `${about}runs: { using: node24, ${runs} }\n`)
  writeFileSync(`${folder}/run.js`, program)
  writeFileSync(`${folder}/nothing.js`, '')
}

/** Runs steps that may use the actions, to their success. @returns how many files were sent */
async function job(steps: string): Promise<number> {
  action('upload', 'own', 'main: run.js', upload)
  action('cache', 'old', 'main: nothing.js, post: run.js', save)
  const worker = prepareJob(place.path, steps, { actions: place.at('actions') })
  const run = ['--workspace', worker.workspace, '--secret-env', 'PASSWORD', '--', ...worker.command]
  const { status, stderr } = await place.run(run, {
    env: {
      PASSWORD: 'größer als 1000 Pferde',
      ACTIONS_RESULTS_URL: `https://localhost:${server.port}`,
      NODE_EXTRA_CA_CERTS: server.authority,
      // Programs on the search path are probed before the job begins.
      PATH: `${process.execPath.replace(/\/[^/]*$/, '')}:${environment.PATH}`,
    },
  })
  expect(status, stderr).toBe(0)
  expect(worker.result().status, stderr).toBe('success')
  return server.requests.filter((one) => /^(?:PUT|PATCH) /.test(one)).length
}

test('secrets in uploaded files are told with file, line and form, and are nowhere kept', async () => {
  const sent = await job(
    `      - run: |
          printf '[core]\\n\\textraheader = AUTHORIZATION: basic %s\\n' "$(printf 'x-access-token:${token}' | base64 -w 0)" > config
          { head -c 9000000 /dev/zero | tr '\\0' '\\n'; echo "password=$PASSWORD"; } > long.log
          echo "${token}" | rev | gzip > packed.gz
          printf 'PK\\003\\004 and so on' > packed.zip
          echo "${token}" > own
      - id: upload
        uses: acme/upload@v1
        with: { path: config long.log packed.gz packed.zip, own: own }
`,
  )
  expect(sent).toBe(4)
  const found = place
    .eventsOf('secret.found')
    .filter((event) => event.place === 'artifact')
    .map(
      ({ step, path, position, secret, form }) =>
        `${step}: ${path} ${position}: ${secret}, ${form}`,
    )
  const file = (name: string): string => place.at('work', name)
  expect(found.toSorted()).toEqual([
    `upload: ${file('config')} 2: github-token, base64`,
    `upload: ${file('long.log')} 9000001: known-secret PASSWORD, plain`,
    `upload: ${file('packed.gz')} 1: github-token, gzip of reversed`,
  ])
  const hashes = place.eventsOf('secret.found').map(({ hash }) => hash)
  expect(new Set(hashes).size).toBe(2)
  const report = place.report()
  const detections = report.detections.filter(({ id }) => id === 'secret-in-artifact')
  expect(detections.map(({ severity, step }) => `${severity} ${step}`)).toEqual(
    Array(3).fill('high upload'),
  )
  expect(report.health.gaps.join()).toContain(
    `files of artifacts and caches were not looked into for secrets: 1 are archives or compressed, or have such files in them (zip, xz, bzip2, 7z) (${file('packed.zip')})`,
  )
  for (const name of ['events.ndjson', 'report.json', 'summary.md', 'report.html'])
    expect(readFileSync(`${place.out}/${name}`, 'utf8')).not.toContain(token.slice(6))
})

test('an ordinary upload finds nothing, and neither does what an action reads for itself', async () => {
  const sent = await job(
    `      - run: |
          seq 20000 > numbers; head -c 3000000 /dev/urandom > random; git init -q . ; tar -czf all.tar.gz numbers random .git
          echo "${token}" > own
      - uses: acme/upload@v1
        with: { path: numbers random all.tar.gz, own: own }
      - run: cat own > /dev/null
`,
  )
  expect(sent).toBe(3)
  expect(place.eventsOf('secret.found')).toEqual([])
  expect(
    place.eventsOf('file.read').filter(({ path }) => path.startsWith(place.at('work'))),
  ).toEqual([])
  const found = place.report().detections.filter(({ severity }) => severity !== 'info')
  // Tests beside this one make links of the same node, which is told.
  expect(found.filter(({ id }) => id !== 'agent-tampered')).toEqual([])
  expect(place.report().health.gaps.join()).not.toContain('artifacts')
})

test('of an action in a container its own files are looked into; a script’s node is no action', async () => {
  const sent = await job(
    `      - id: contained
        run: |
          mkdir hidden shown; echo "${token}" > hidden/file
          unshare -fpm --mount-proc sh -c 'mount --bind hidden shown; touch ready; exec sleep 300' > /dev/null 2>&1 &
          until [ -e ready ]; do sleep 0.1; done
          first=$(pgrep -P $!)
          INPUT_PATH=$PWD/shown/file nsenter -m -p -t $first node $PWD/../actions/acme/upload/v1/run.js
          # What is mounted there alone is there while somebody is.
          timeout 100 sh -c 'until grep -q secret.found ../out/events.ndjson; do sleep 0.2; done'
      - env: { INPUT_PATH: hidden/file }
        run: node ../actions/acme/upload/v1/run.js
`,
  )
  expect(sent).toBe(2)
  expect(
    place
      .eventsOf('secret.found')
      .flatMap(({ place: where, step, path }) => (where === 'artifact' ? [`${step} ${path}`] : [])),
  ).toEqual([`contained ${place.at('work', 'shown', 'file')}`])
})

test('secrets in caches are told with the file in the archive, and are nowhere kept', async () => {
  const sent = await job(
    `      - run: |
          mkdir -p .npm/_cacache other; printf 'registry=x\\n//x/:_authToken=${token}\\n' > .npm/npmrc; seq 300000 > .npm/_cacache/numbers
          { echo; echo "$PASSWORD"; } | gzip > other/log.gz; echo "${token}" > beside
      - id: packages
        uses: acme/cache@v1
        with: { path: .npm }
      - id: more
        uses: acme/cache@v1
        with: { path: other, old: yes }
`,
  )
  expect(sent).toBe(2)
  const found = place
    .eventsOf('secret.found')
    .map(
      (event) =>
        `${event.place} ${event.step} ${event.phase}: ${event.path.replace(/^.*\/(?=cache)/, '')} ${event.position}: ${event.secret}, ${event.form}`,
    )
  expect(found.toSorted()).toEqual([
    'cache more post: cache.tzst › other/log.gz 2: known-secret PASSWORD, zstd of tar of gzip',
    'cache packages post: cache.tzst › .npm/npmrc 2: github-token, zstd of tar',
  ])
  const detections = place.report().detections.filter(({ id }) => id.startsWith('secret-in'))
  expect(detections.map(({ id, severity }) => `${id} ${severity}`)).toEqual(
    Array(2).fill('secret-in-cache high'),
  )
  expect(place.report().health.gaps.join()).not.toContain('caches')
  for (const name of ['events.ndjson', 'report.json', 'summary.md', 'report.html'])
    expect(readFileSync(`${place.out}/${name}`, 'utf8')).not.toContain(token.slice(6))
})
