import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GitHub } from '@runwarden/lab/github'
import { describe, expect, onTestFinished, test } from 'vitest'
import { artifactName, uploadReport } from '../../src/artifact.ts'

const files = {
  'events.ndjson': '{"seq":1}\n'.repeat(1000),
  'report.html': '<!doctype html>\n',
  'report.json': '{"egress":"block"}\n',
  'summary.md': '',
}

function folderWith(content: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-artifact-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(content)) writeFileSync(join(folder, name), text)
  return folder
}

/** The files of an archive, as another program reads them. */
function unpack(archive: Buffer | null | undefined): Record<string, string> {
  const file = join(folderWith({ 'a.zip': archive ?? '' }), 'a.zip')
  const script = `import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps({i.filename: z.read(i).decode() for i in z.infolist()}))`
  const read = execFileSync('python3', ['-c', script, file], { maxBuffer: 64 << 20 })
  return JSON.parse(read.toString()) as Record<string, string>
}

async function upload(
  github: GitHub,
  folder: string,
  { withinMs, env = {} }: { withinMs?: number; env?: NodeJS.ProcessEnv } = {},
) {
  const job = github.addJob()
  const masked: string[] = []
  const uploaded = await uploadReport(
    folder,
    { GITHUB_JOB: 'build', GITHUB_RUN_ATTEMPT: '2', ...github.services(job), ...env },
    (secret) => masked.push(secret),
    withinMs,
  )
  return { uploaded, masked, job }
}

test('a report becomes an artifact that others can read', async () => {
  await using github = await GitHub.start()
  const { uploaded, masked, job } = await upload(github, folderWith(files))
  expect(uploaded).toEqual({
    name: `runwarden-report-build-2-${job.job.slice(0, 8)}`,
    id: '1',
    size: github.artifacts[0]?.content?.length,
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  expect(github.artifacts).toEqual([
    expect.objectContaining({ name: uploaded.name, finalized: true }),
  ])
  expect(unpack(github.artifacts[0]?.content)).toEqual(files)
  expect(masked).toHaveLength(1)
})

test('only files of the folder itself: no links, no folders', async () => {
  await using github = await GitHub.start()
  const folder = folderWith({ 'report.json': '{}' })
  symlinkSync('/etc/passwd', join(folder, 'link.json'))
  mkdirSync(join(folder, 'inner'))
  writeFileSync(join(folder, 'inner', 'secret'), 'secret')
  await upload(github, folder)
  expect(unpack(github.artifacts[0]?.content)).toEqual({ 'report.json': '{}' })
})

test('what is larger than a block', async () => {
  await using github = await GitHub.start()
  // Hard to pack: ten million digits.
  let state = 1
  const digits = Buffer.alloc(10_000_000)
  for (let at = 0; at < digits.length; at++) {
    state = (state * 48271) % 2147483647
    digits[at] = 48 + (state % 10)
  }
  await upload(github, folderWith({ 'events.ndjson': digits }))
  expect(unpack(github.artifacts[0]?.content)['events.ndjson']).toBe(digits.toString())
  expect(github.requests.filter(({ path }) => path.includes('comp=block&')).length).toBe(2)
})

test('what is larger than memory should be', async () => {
  await using github = await GitHub.start()
  const folder = folderWith({ 'events.ndjson': '' })
  truncateSync(join(folder, 'events.ndjson'), 600 << 20)
  const script = `const { uploadReport } = await import(process.argv[1])
const { readFileSync } = await import('node:fs')
// Not of getrusage: that begins with what the process had that started it.
const most = () => Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
const before = most()
await uploadReport(process.argv[2], process.env, () => {})
console.log(most() - before)`
  const program = join(import.meta.dirname, '../../src/artifact.ts')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', script, program, folder],
    { env: { ...process.env, ...github.services(github.addJob()) } },
  )
  expect(github.artifacts[0]).toMatchObject({ finalized: true })
  // KiB.
  expect(Number(stdout)).toBeGreaterThan(0)
  expect(Number(stdout)).toBeLessThan(200 << 10)
})

describe('tries again', () => {
  test.each([
    ['CreateArtifact', { status: 503 }],
    ['CreateArtifact', 'reset'],
    ['comp=block&', { status: 500 }],
    ['comp=block&', 'lost'],
    ['comp=blocklist', 'reset'],
    ['FinalizeArtifact', { status: 429, headers: { 'retry-after': '1' } }],
  ] as const)('%s after %j', async (part, fault) => {
    await using github = await GitHub.start()
    github.fail(part, fault)
    await upload(github, folderWith(files))
    expect(github.artifacts[0]).toMatchObject({ finalized: true })
    expect(unpack(github.artifacts[0]?.content)).toEqual(files)
  })

  test('under another name where the answer to the first was lost', async () => {
    await using github = await GitHub.start()
    github.fail('CreateArtifact', 'lost')
    const { uploaded } = await upload(github, folderWith(files))
    expect(uploaded.name).toMatch(/-2$/)
    expect(github.artifacts.map(({ finalized }) => finalized)).toEqual([false, true])
  })
})

describe('says why it could not', () => {
  test('when the service refuses', async () => {
    await using github = await GitHub.start()
    github.fail('CreateArtifact', { status: 403, body: '{"msg":"insufficient usage"}' })
    await expect(upload(github, folderWith(files))).rejects.toThrow(
      /^The report could not be uploaded as an artifact: http.*CreateArtifact answered 403: insufficient usage$/,
    )
    expect(github.requests).toHaveLength(1)
  })

  test('when nothing answers: after its time', async () => {
    await using github = await GitHub.start()
    github.fail('comp=block&', 'silence')
    const folder = folderWith(files)
    await expect(upload(github, folder, { withinMs: 1000 })).rejects.toThrow(
      'did not answer in time',
    )
  })

  test('when the store is not to be taken', async () => {
    await using github = await GitHub.start({ origins: { blobs: 'https://192.168.1.1' } })
    const env = { GITHUB_SERVER_URL: 'https://github.com' }
    await expect(upload(github, folderWith(files), { env })).rejects.toThrow(
      'named a store that is not taken: 192.168.1.1 is a private address',
    )
  })

  test('when there is no folder, or no service', async () => {
    await using github = await GitHub.start()
    await expect(upload(github, '/nowhere/at/all')).rejects.toThrow('ENOENT')
    await expect(uploadReport('/tmp', {}, () => {})).rejects.toThrow('ACTIONS_RESULTS_URL')
  })

  test('without what is signed', async () => {
    await using github = await GitHub.start()
    github.fail('comp=block&', { status: 403 })
    const failed = await upload(github, folderWith(files)).catch((error: unknown) => String(error))
    expect(failed).toMatch(/actions-results.* answered 403/)
    expect(failed).not.toMatch(/sig|\?/)
  })
})

test('names are safe whatever the job is called', () => {
  expect(
    artifactName({ GITHUB_JOB: 'a/b:c"\n::x ü', GITHUB_RUN_ATTEMPT: '1' }, '7436f4c9-d2'),
  ).toBe('runwarden-report-a-b-c-x--1-7436f4c9')
  expect(artifactName({}, '0123456789')).toBe('runwarden-report-job-1-01234567')
})
