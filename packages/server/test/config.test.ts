import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settings } from '../src/config-table.ts'
import { readConfig, variableOf } from '../src/config.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/server.md'), 'utf8')

test('docs/server.md has the table of settings', () => {
  const rows = Object.entries(settings).map(([name, { value, help, default: standard }]) => {
    const given = standard === null || standard === '' ? '' : `\`${standard}\``
    return `| \`--${name} ${value}\` | \`${variableOf(name)}\` | ${given} | ${help} |`
  })
  const table = ['| flag | environment | default | |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
  expect(page).toContain(`\n${table}\n`)
})

test('a flag comes before the environment, that before the file, that before the default', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'runwarden-config-'))
  const file = join(folder.path, 'server.yml')
  writeFileSync(
    file,
    'data: /in-file\nurl: https://file.example/\nretention-days: 7\norganisations: [acme, other]\n',
  )
  const config = readConfig(
    { config: file, url: 'https://flag.example' },
    {
      RUNWARDEN_SERVER_URL: 'https://environment.example',
      RUNWARDEN_SERVER_DATA: '/in-environment',
    },
  )
  expect(config).toMatchObject({
    url: 'https://flag.example',
    data: '/in-environment',
    retentionDays: 7,
    organisations: ['acme', 'other'],
    listen: { host: '127.0.0.1', port: 7380 },
    tlsCert: null,
    retentionSize: 0,
  })
  expect(
    readConfig({ data: '/d', 'retention-size': '20GiB', listen: '[::1]:443' }, {}),
  ).toMatchObject({
    retentionSize: 20 * 1024 ** 3,
    listen: { host: '::1', port: 443 },
  })
})

test.for([
  [{}, '--data DIR is missing'],
  [{ data: '/d', listen: 'here' }, "--listen: 'here' is no address:port"],
  [{ data: '/d', url: 'ftp://x' }, "--url: 'ftp://x' is no http:// or https:// URL"],
  [{ data: '/d', 'trusted-proxies': '10.0.0.0/33' }, "'10.0.0.0/33' is no address or network"],
  [{ data: '/d', organisations: 'acme a/b' }, "'a/b' is no name of an owner"],
  [{ data: '/d', 'retention-days': '-1' }, "--retention-days: '-1' is no whole number"],
  [
    { data: '/d', 'heartbeat-overdue': '0' },
    "--heartbeat-overdue: '0' is not between 10 and 86400",
  ],
  [{ data: '/d', 'heartbeat-overdue': '9000000' }, "'9000000' is not between 10 and 86400"],
  [{ data: '/d', 'lost-after': '9999999' }, "'9999999' is not between 10 and 2592000"],
  [{ data: '/d', 'retention-size': '5GB' }, "--retention-size: '5GB' is no size"],
  [{ data: '/d', 'tls-cert': 'a.pem' }, '--tls-cert and --tls-key go together'],
  [{ data: '/d', 'sign-in-issuer': 'github' }, 'needs --sign-in-client-id'],
  [{ data: '/d', 'log-level': 'loud' }, "--log-level: 'loud' is none of debug, info"],
  [{ config: '/nowhere.yml' }, "/nowhere.yml can't be read"],
] as const)('%o: %s', ([flags, message]) => {
  expect(() => readConfig(flags, {})).toThrow(message)
})

test('a secret in a file is taken as it stands, and no message has it', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'runwarden-config-'))
  const file = join(folder.path, 'server.yml')
  const read = (text: string) => {
    writeFileSync(file, text)
    return readConfig({ config: file }, {})
  }
  for (const [line, secret] of [
    ['00123e4567', '00123e4567'],
    ['"a: b"', 'a: b'],
    ['true', 'true'],
  ] as const)
    expect(
      read(`data: /d\nsign-in-client-id: 0012345\nsign-in-client-secret: ${line}\n`),
    ).toMatchObject({ signInClientId: '0012345', signInClientSecret: secret })
  const messageOf = (text: string): string => {
    try {
      read(text)
    } catch (error) {
      expect((error as Error).cause).toBeUndefined()
      return (error as Error).message
    }
    return 'it was read'
  }
  for (const [text, message] of [
    ['data: /d\nsign-in-client-secret: "s3cr3t-VALUE\n', 'at line 3, column 1: missing char'],
    [
      'sign-in-client-secret: s3cr3t\nsign-in-client-secret: s3cr3t\n',
      'at line 2, column 1: duplicate key',
    ],
    ['sign-in-client-secret: *s3cr3t\n', 'a value that begins with * has to be in quotes'],
    ['sign-in-client-secret: [s3cr3t, [a]]\n', 'is neither text nor number nor list of texts'],
  ] as const) {
    expect(messageOf(text)).toContain(message)
    expect(messageOf(text)).not.toContain('s3cr3t')
  }
})

test('a file with a setting that there is not is refused', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'runwarden-config-'))
  const file = join(folder.path, 'server.yml')
  writeFileSync(file, 'data: /d\nlisten-on: 1\n')
  expect(() => readConfig({ config: file }, {})).toThrow("there is no setting 'listen-on'")
})
