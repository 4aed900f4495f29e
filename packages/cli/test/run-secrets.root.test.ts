import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { madeUpToken } from '@runwarden/lab/tokens'
import { expect, test } from 'vitest'
import { prepareJob } from './job.ts'
import { Place, runwarden } from './runwarden.ts'

const token = madeUpToken('ghs_', 'Tj')

const found = (place: Place) =>
  place.eventsOf('secret.found').map(({ step, secret, form }) => `${step}: ${secret}, ${form}`)

/** Runs the steps as GitHub's runner does; the job's token is masked in its log. */
async function job(place: Place, steps: string) {
  const { command, workspace } = prepareJob(place.path, steps, { secrets: { GITHUB_TOKEN: token } })
  return await place.run(['--workspace', workspace, '--', ...command])
}

test('a token that gets around masking is told with its step, and is nowhere kept; what is masked is not told', async () => {
  using place = new Place()
  const { status, stderr, stdout } = await job(
    place,
    `      - id: honest
        env: { TOKEN: "\${{ secrets.GITHUB_TOKEN }}" }
        run: echo "the token is $TOKEN"; echo "$TOKEN" | base64 -w 0
      - id: thief
        env: { TOKEN: "\${{ secrets.GITHUB_TOKEN }}" }
        run: echo "{\\"token\\":\\"$TOKEN\\"}" | base64 -w 0 | base64 -w 0
      - id: other-thief
        env: { TOKEN: "\${{ secrets.GITHUB_TOKEN }}" }
        run: sleep 0.3; echo "$TOKEN" | rev >&2; echo "$TOKEN" | sed 's/./& /g'
      - id: later
        run: echo done
`,
  )
  expect(status, stderr).toBe(0)
  expect(stdout).toContain('the token is ***')
  expect(found(place)).toEqual([
    'thief: github-token, base64 of base64',
    'other-thief: github-token, reversed',
    'other-thief: github-token, separated',
  ])
  const detections = place.report().detections.filter(({ id }) => id === 'secret-in-build-log')
  expect(detections.map(({ id, severity, step }) => ({ id, severity, step }))).toEqual([
    { id: 'secret-in-build-log', severity: 'high', step: 'thief' },
    { id: 'secret-in-build-log', severity: 'high', step: 'other-thief' },
    { id: 'secret-in-build-log', severity: 'high', step: 'other-thief' },
  ])
  for (const file of ['events.ndjson', 'report.json', 'summary.md', 'report.html'])
    expect(readFileSync(`${place.out}/${file}`, 'utf8')).not.toContain(token.slice(6))
})

/** A shell command that prints a secret backwards, as a user that is not root. */
const echo = (masks: string): string =>
  `"$0" run --quiet --out "$1" --user nobody --masks ${masks} -- bash -c 'rev <<< "correct horse"'`

test("the runner's masks: what gets around them is told, and the file that has them is not left to the command", async () => {
  using place = new Place()
  const worker = prepareJob(
    place.path,
    `      - id: build
        env: { KEY: "\${{ secrets.KEY }}" }
        run: echo "$KEY"; echo "$KEY" | tail -n 1 | rev; echo "\${{ secrets.SHORT }}"
`,
    { secrets: { KEY: 'correct horse\n100% battery', SHORT: 'abc' } },
  )
  const { status, stderr, stdout } = await place.run([
    '--quiet',
    '--masks',
    worker.masks,
    '--',
    ...worker.command,
  ])
  expect(status, stderr).toBe(0)
  expect(stdout).toContain('***')
  expect(found(place)).toEqual(['build: known-secret mask, reversed'])
  expect(stderr).toContain(`--masks ${worker.masks}: the command can read this file, too`)
  expect(stderr + readFileSync(`${place.out}/events.ndjson`, 'utf8')).not.toContain('horse')

  for (const [masks, readable] of [
    ['masks', false],
    ['masks-for-all', true],
    ["<(printf 'correct horse')", false],
  ] as const) {
    writeFileSync(place.at('masks'), 'correct horse\n', { mode: 0o600 })
    writeFileSync(place.at('masks-for-all'), 'correct horse\n', { mode: 0o644 })
    chmodSync(place.path, 0o755)
    rmSync(place.out, { recursive: true, force: true })
    const one = await place.exec('bash', ['-c', echo(masks), runwarden, place.out])
    expect(one.status, one.stderr).toBe(0)
    expect(one.stderr.includes("take it from user 'nobody'"), masks).toBe(readable)
    expect(found(place)).toEqual(['bash: known-secret mask, reversed'])
  }
  for (const [text, why] of [
    ['short\n', 'no value of 6 characters'],
    [Array.from({ length: 2001 }, (_, i) => `secret ${i}\n`).join(''), 'it has 2001 values'],
  ] as const) {
    writeFileSync(place.at('masks'), text)
    const refused = await place.run(['--masks', place.at('masks'), '--', 'true'])
    expect(refused.stderr).toContain(why)
    expect(refused.status).toBe(125)
  }
})

test('the output of a command is the log where there is no runner, whatever call writes it', async () => {
  using place = new Place()
  const other = madeUpToken('ghp_', 'Other')
  writeFileSync(place.at('t'), `${token}\n`)
  const { status, stderr } = await place.run(
    [
      '--secret-env',
      'PASSWORD',
      '--step',
      'build',
      '--',
      'python3',
      '-c',
      `import os, sys
os.write(2, b'x' * 100000 + b' ')
os.write(2, '${token}'[:9].encode()); os.write(2, '${token}'[9:].encode() + b'\\n')
os.writev(1, [b'one ', '${other}'.encode(), b'\\n'])
source = os.open('t', os.O_RDONLY)
os.sendfile(1, source, 0, 41)
os.write(1, os.environb[b'PASSWORD'].hex().encode() + b'\\n')
`,
    ],
    { env: { PASSWORD: 'correct horse battery' } },
  )
  expect(status, stderr).toBe(0)
  expect(found(place)).toEqual([
    'build: github-token, plain',
    'build: github-token, plain',
    'build: known-secret PASSWORD, hexadecimal',
  ])
  expect(new Set(place.eventsOf('secret.found').map(({ hash }) => hash)).size).toBe(3)
  expect(place.report().health.gaps.join()).toContain(
    'a part of the build log was not looked at for secrets: 41 bytes were written without a buffer',
  )
})

const made = (name: string): string => madeUpToken('ghp_', name)

/** Prints secrets as programs do by mistake, each beside what they print else; the long line is written in one call. */
const accidents = `
cat base64; echo Done
cat hex; echo 'added 5 packages'
cat long
printf '{"msg":"one\\\\n%s"}\\n' "$(cat json)"
printf '%s\\n' "$PASSWORD" | sed 's/"/\\\\"/g'
sh -c 'exit 0' x "$(cat key)" "{\\"text\\":\\"one\\\\n$(cat argument)\\"}" "TOKEN_$(cat argument)"
cat many
`

test('what programs print by mistake is told, what is too much as a gap, and no record has a secret of a command line', async () => {
  using place = new Place()
  const filler = '{"a":1},'.repeat(16_384)
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString()
  const files = {
    base64: `${Buffer.from(`ci-u:${made('Base')}`).toString('base64')}\n`,
    hex: `${Buffer.from(made('Hex')).toString('hex')}\n`,
    long: `${filler.slice(0, 131_072 - 11)} ${made('Long')} ${filler}\n`,
    json: made('Json'),
    argument: made('Argument'),
    key,
    many: Array.from({ length: 250 }, (_, i) => `${made(`Many${i}`)}\n`).join(''),
    job: accidents,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(place.at(name), text)
  const { status, stderr } = await place.run(['--secret-env', 'PASSWORD', '--', 'sh', 'job'], {
    env: { PASSWORD: 'correct "horse" battery' },
  })
  expect(status, stderr).toBe(0)
  const told = place.eventsOf('secret.found').map(({ secret, form }) => `${secret}, ${form}`)
  expect(told.slice(0, 5)).toEqual([
    'github-token, base64',
    'github-token, hexadecimal',
    'github-token, plain',
    'github-token, plain',
    'known-secret PASSWORD, JSON-escaped',
  ])
  expect(told).toHaveLength(200)
  expect(place.report().health.gaps).toContain(
    'the build log has more than 200 secrets: those behind them are not told',
  )
  for (const file of ['events.ndjson', 'report.json', 'summary.md', 'report.html']) {
    const record = readFileSync(`${place.out}/${file}`, 'utf8')
    for (const line of [made('Argument'), ...key.split('\n').slice(1, -2)])
      expect(record, file).not.toContain(line)
  }
  expect(
    place
      .eventsOf('process.exec')
      .find(({ argv }) => argv[1] === '-c')
      ?.argv.slice(3),
  ).toEqual([
    'x',
    '[private-key]',
    String.raw`{"text":"one\n[github-token]"}`,
    'TOKEN_[github-token]',
  ])
})

test('a named secret is found where the log is a file', async () => {
  using place = new Place()
  const { status, stderr } = await place.exec(
    '/bin/sh',
    [
      '-c',
      `${runwarden} run --quiet --secret-env PASSWORD --out out sh -c 'echo $PASSWORD' >log 2>&1`,
    ],
    { env: { PASSWORD: 'correct horse battery' } },
  )
  expect(status, stderr).toBe(0)
  expect(readFileSync(place.at('log'), 'utf8')).toContain('correct horse battery')
  expect(place.eventsOf('secret.found')).toMatchObject([{ secret: 'known-secret PASSWORD' }])
})
