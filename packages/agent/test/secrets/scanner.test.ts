import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { madeUpToken } from '@runwarden/lab/tokens'
import { describe, expect, it } from 'vitest'
import { Scanner, withoutSecrets } from '../../src/secrets/scanner.ts'

const now = Date.parse('2026-01-01')
const token = madeUpToken('ghp_', 'Scanner')
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const hex = (text: string): string => Buffer.from(text).toString('hex')
const back = (text: string): string => [...text].toReversed().join('')

function scan(text: string, known: { name: string; value: string; masked: boolean }[] = []) {
  const scanner = new Scanner()
  scanner.know(known)
  return scanner.scan(text, now).map(({ kind, form }) => `${kind}: ${form}`)
}

const jwt = (claims: object): string =>
  [{ alg: 'RS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat(randomBytes(64).toString('base64url'))
    .join('.')

const live = { iss: 'https://token.actions.example.com', exp: now / 1000 + 60 }
const key = generateKeyPairSync('ed25519').privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
}) as string
const pem = (label: string): string => rsa.replaceAll('RSA PRIVATE KEY', label)
/** Without padding: what follows is not told from it by its end. */
const login = base64(`ci-u:${token}`)
/** As base64(1) breaks it. */
const folded = (text: string): string => base64(text).replaceAll(/.{76}/g, '$&\n')
const awsSecret = `wJalrXUtnFEMI/K7MDENG/${'bPxRfiCYzQ9vR2kLmT'}`
const named = (masked: boolean) => [{ name: 'DB', value: 'correct horse/battery', masked }]

describe('secrets that are found', () => {
  it.each([
    ['a token', `token: ${token}\n`, 'github-token: plain'],
    ['in quotes', `{"t":"${token}"}`, 'github-token: plain'],
    ['of npm', madeUpToken('npm_', 'Pkg'), 'npm-token: plain'],
    ['in base64', base64(`x ${token}`), 'github-token: base64'],
    ['in base64 of base64', base64(base64(`{"a":"${token}"}`)), 'github-token: base64 of base64'],
    [
      'in folded base64',
      folded(`${'some words before it, '.repeat(9)}${token}`),
      'github-token: base64',
    ],
    ['in base64 before another line', `${login}\nDone\n`, 'github-token: base64'],
    ['in base64 after another line', `install-dependencies\n${login}\n`, 'github-token: base64'],
    ['in base64, twice', `${login}\n${login}\n`, 'github-token: base64'],
    [
      'in folded base64 among other lines',
      `some-word\n${folded(`${'some words before it, '.repeat(9)} ${token}`)}\nDone\n`,
      'github-token: base64',
    ],
    ['in base64 in a path', `https://example.com/a/${login}/b`, 'github-token: base64'],
    ['in base64 in a name', `token_${login}`, 'github-token: base64'],
    ['in base64 with other than ASCII', base64(`pässword: ${token}`), 'github-token: base64'],
    ['in hexadecimal', hex(token), 'github-token: hexadecimal'],
    [
      'in hexadecimal before another line',
      `${hex(token)}\nadded 5 packages\n`,
      'github-token: hexadecimal',
    ],
    ['behind an end of line in JSON', `{"m":"one\\n${token}"}`, 'github-token: plain'],
    ['behind a name', `TOKEN_${token}`, 'github-token: plain'],
    ['behind a code', `x%3D${token}`, 'github-token: plain'],
    ['in base64 of hexadecimal', base64(hex(token)), 'github-token: base64 of hexadecimal'],
    ['reversed', `${back(token)}\n`, 'github-token: reversed'],
    ['with blanks between', [...token].join(' '), 'github-token: separated'],
    ['one character a line', [...token].join('\n'), 'github-token: separated'],
    [
      'percent-encoded',
      [...token].map((c) => `%${hex(c)}`).join(''),
      'github-token: percent-encoded',
    ],
    ['a key', key, 'private-key: plain'],
    ['an RSA key', `x\n${rsa}`, 'private-key: plain'],
    ['a key in JSON', JSON.stringify({ private_key: key }), 'private-key: plain'],
    ['a key in JSON in JSON', JSON.stringify(JSON.stringify({ key })), 'private-key: plain'],
    ['a key within JSON', JSON.stringify({ text: `a\n${key}` }), 'private-key: plain'],
    ['a key behind a prefix', rsa.replaceAll(/^/gm, '[build] '), 'private-key: plain'],
    ['a key under a password', pem('ENCRYPTED PRIVATE KEY'), 'private-key: plain'],
    [
      'a key under a password, as before PKCS #8',
      rsa.replace('KEY-----\n', 'KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n'),
      'private-key: plain',
    ],
    [
      'a key of OpenPGP',
      pem('PGP PRIVATE KEY BLOCK').replace('\n', '\nVersion: GnuPG v2\n\n'),
      'private-key: plain',
    ],
    ['a live web token', jwt(live), 'json-web-token: plain'],
    ["GitHub's stateless token", `ghs_12_${jwt(live)}`, 'json-web-token: plain'],
    [
      'an AWS key with its secret',
      `AKIA${'QZ7RTK2MVW3XNP4L'}\nsecret = ${awsSecret}\n`,
      'aws-key-pair: plain',
    ],
  ])('%s', (_, text, expected) => {
    expect(scan(text)).toContain(expected)
  })

  it('values that were named, in any form but those that are masked', () => {
    const forms = [
      'correct horse/battery',
      base64('correct horse/battery'),
      hex('correct horse/battery'),
    ]
    expect(forms.flatMap((text) => scan(text, named(false)))).toEqual([
      'known-secret DB: plain',
      'known-secret DB: base64',
      'known-secret DB: hexadecimal',
    ])
    expect(forms.flatMap((text) => scan(text, named(true)))).toEqual([
      'known-secret DB: hexadecimal',
    ])
  })
})

it('values that were named, with characters that are written otherwise in JSON and in bytes', () => {
  const value = 'pässw"rd\\1?>~'
  const known = [{ name: 'DB', value, masked: false }]
  const json = JSON.stringify({ value })
  for (const [text, form] of [
    [json, 'JSON-escaped'],
    [json.replace('ä', String.raw`\u00e4`), 'JSON-escaped'],
    [base64(`user: ${value}`), 'base64'],
    [encodeURIComponent(value), 'percent-encoded'],
  ] as const) {
    expect(scan(text, known)).toEqual([`known-secret DB: ${form}`])
    expect(scan(text, [{ name: 'DB', value, masked: true }])).toEqual([])
  }
})

it('tells nothing once more where the rest of its line is in a code', () => {
  const line = JSON.stringify({ a: 'one\n', token, key, password: 'correct horse/battery' })
  const percent = `https://${token}@example.com/?a=%20b`
  expect(scan(line)).toEqual(['github-token: plain', 'private-key: plain'])
  expect(scan(`${line} ${base64('correct horse/battery')}`, named(true))).toEqual(scan(line))
  expect(scan(percent)).toEqual(['github-token: plain'])
})

it('tells the same secret by the same value, however its lines are written', () => {
  const values = [rsa, `x\n${rsa}`, JSON.stringify(rsa), rsa.replaceAll(/^/gm, '  ')].flatMap(
    (text) => new Scanner().scan(text, now).map(({ value }) => value),
  )
  expect(values).toHaveLength(4)
  expect(new Set(values).size).toBe(1)
})

it('says when there was too much to look at', () => {
  const scanner = new Scanner()
  const tokens = Array.from({ length: 70 }, (_, i) => madeUpToken('ghp_', `T${i}`)).join('\n')
  scanner.scan(tokens, now)
  expect(scanner.crowded).toBe(0)
  scanner.scan(`${tokens}\n${login}`, now)
  expect(scanner.crowded).toBe(1)
  const named2 = Array.from({ length: 2001 }, (_, i) => ({
    name: 'n',
    value: `value ${i}`,
    masked: false,
  }))
  expect(scanner.know(named2)).toHaveLength(2000)
  expect(scanner.know(named2.slice(0, 9))).toEqual([])
  expect(scanner.unknown).toBe(1)
})

describe('what is none', () => {
  it.each([
    ['a token whose checksum is wrong', `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`],
    ["AWS's example", `AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`],
    [
      'an AWS key id alone, and a commit',
      `AKIAQZ7RTK2MVW3XNP4L ${createHash('sha1').digest('hex')}`,
    ],
    [
      'placeholders',
      `ghp_${'x'.repeat(36)} hf_${'a'.repeat(34)} glpat-xxxxxxxxxxxxxxxxxxxx sk_live_${'0'.repeat(24)}`,
    ],
    ['an expired web token', jwt({ ...live, exp: now / 1000 - 60 })],
    ['a web token that nobody issued', jwt({ sub: '1234567890', exp: live.exp })],
    [
      'names with other marks at their ends',
      `my_hf_${'abcdefghijKLMNOPQRSTuvwxyzABCDEFGH'} x_glpat-abcdefghij0123456789`,
    ],
    [
      'the line that begins a key, and a digest',
      `-----BEGIN PRIVATE KEY-----\nsha256:${createHash('sha256').digest('hex')}`,
    ],
    [
      'the line that begins a key',
      '-----BEGIN PRIVATE KEY-----\n(omitted)\n-----END PRIVATE KEY-----',
    ],
    [
      'a public key',
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) as string,
    ],
    [
      'digests of a lock file',
      Array.from(
        { length: 400 },
        () =>
          `"integrity": "sha512-${randomBytes(64).toString('base64')}",\nsha256:${randomBytes(32).toString('hex')}`,
      ).join('\n'),
    ],
    ['compressed data in base64', gzipSync(randomBytes(30000)).toString('base64')],
    [
      'a table of single characters',
      Array.from({ length: 200 }, () => '. . . x . F . . s . . . . .').join('\n'),
    ],
    [
      'names with the marks in them',
      'my_ghp_thing npm_config_registry npm_lifecycle_event sk-learn hf_hub_download eyJ eyJhbGciOi',
    ],
  ])('%s', (_, text) => {
    expect(scan(text)).toEqual([])
  })
})

it('takes time that grows with the length only, whatever the text is', () => {
  const mebibyte = 1 << 20
  const nested = Array.from({ length: 12 }).reduce<string>((text) => base64(text), 'A'.repeat(6000))
  const hostile = [
    'A',
    'eyJ',
    'eyJA.',
    '-----BEGIN PRIVATE KEY-----',
    'ghp_',
    '_phg',
    'AKIAQZ7RTK2MVW3XNP4L ',
    '%41',
    'a ',
    'a\n',
    '4141',
    String.raw`\n`,
    String.raw`\\\\`,
    '\u0080QUFB/',
    'sk-',
    'QUFB',
    'eyJhbGciOiJSUzI1NiJ9.eyJ',
  ]
  for (const text of [...hostile.map((part) => part.repeat(mebibyte / part.length)), nested])
    expect(scan(text).length).toBeLessThanOrEqual(64)
}, 120_000)

describe('what a record shows of an argument', () => {
  it.each([
    ['a token', `Authorization: Bearer ${token}`, 'Authorization: Bearer [github-token]'],
    ['two of them', `${token}:${token}!`, '[github-token]:[github-token]!'],
    [
      'one in a URL',
      `https://x:${token}@git.example.com/a`,
      'https://x:[github-token]@git.example.com/a',
    ],
    [
      'as git has it',
      `basic ${base64(`x-access-token:${token}`)}`,
      'basic [base64 of github-token]',
    ],
    ['a private key to its end', `a ${key.trim()}`, 'a [private-key]'],
    ['a long private key', `a '${rsa}' b`, "a '[private-key]\n' b"],
    ['one in JSON', JSON.stringify({ rsa, b: 1 }), String.raw`{"rsa":"[private-key]\n","b":1}`],
    ['one that is cut off', `a ${rsa.slice(0, 1200)}`, 'a [private-key]'],
    ['one in folded base64', folded(rsa), '[base64 of private-key]'],
    ['a token in JSON', `{"a":"b\\n${token}"}`, String.raw`{"a":"b\n[github-token]"}`],
    ['a token behind a name', `TOKEN_${token}`, 'TOKEN_[github-token]'],
    ['a token behind an option', `-p${token}`, '-p[github-token]'],
    ['base64 behind a name', `a=token_${login} b`, 'a=[base64 of github-token] b'],
    ['a live JSON Web Token', jwt(live), '[json-web-token]'],
    [
      'an example',
      'ghp_123456789012345678901234567890123456',
      'ghp_123456789012345678901234567890123456',
    ],
    ['a long path', `/${'node_modules/'.repeat(9)}x`, `/${'node_modules/'.repeat(9)}x`],
  ])('%s', (_, text, shown) => {
    expect(withoutSecrets(text, now)).toBe(shown)
  })

  it('is found in time, however many there are', () => {
    expect(withoutSecrets(token.padEnd(41).repeat(3000), now)).toBe('[github-token] '.repeat(3000))
  })
})
