import { crc32 } from 'node:zlib'

/**
 * How secrets look that say by themselves that they are some: one row for each kind, to be read, and to be added to. What
 * issues no such mark (passwords, AWS secrets without their key id) is found only where it was named as a secret.
 */
export interface Shape {
  /** As findings name it. */
  readonly kind: string
  /** Where it begins: the text that is looked for, all of them at once. */
  readonly marks: readonly string[]
  /** What follows a mark, from its begin on; sticky, and with no choice of how long: its time is linear. */
  readonly body: RegExp
  /** Whether what was matched is one: its checksum, or its structure. Without, it must not look like an example. */
  readonly proof?: (text: string, now: number) => boolean
  /** Its proof leaves no doubt, whatever it stands behind; else only what is no part of a word may be there, or with a proof `_`. */
  readonly anywhere?: true
  /** What ends it; global. The body has only so much of it as proves it. */
  readonly end?: RegExp
  /** What is the same however it was written, of what was matched. */
  readonly essence?: (text: string) => string
  /** Where the form is documented. */
  readonly source: string
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The last six digits are the CRC-32 of the thirty before, in base 62. */
function hasChecksum(token: string): boolean {
  const body = token.slice(-36, -6)
  let sum = crc32(body)
  let text = ''
  for (let i = 0; i < 6; i++) {
    text = (digits[sum % 62] ?? '') + text
    sum = Math.floor(sum / 62)
  }
  return token.endsWith(text)
}

/** A JSON Web Token (RFC 7519) that was issued by somebody, and is valid still. @param now milliseconds */
function isLiveToken(text: string, now: number): boolean {
  if (!Buffer.from(text.split('.', 2)[1] ?? '', 'base64url').includes('"exp"')) return false
  const [head, claims] = text.split('.', 2).map((part): unknown => {
    try {
      return JSON.parse(Buffer.from(part, 'base64url').toString())
    } catch {
      return null
    }
  }) as [Record<string, unknown> | null, Record<string, unknown> | null]
  const expires = claims?.['exp']
  return (
    typeof head?.['alg'] === 'string' &&
    head['alg'] !== 'none' &&
    typeof claims?.['iss'] === 'string' &&
    typeof expires === 'number' &&
    expires * 1000 > now
  )
}

/** A key id says nothing to anybody without its secret: both, close to one another. */
function isKeyPair(text: string): boolean {
  const secret = /(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/.exec(text.slice(20))?.[0]
  return (
    secret !== undefined &&
    !/EXAMPLE/i.test(text.slice(0, 20) + secret) &&
    /[a-z]/.test(secret) &&
    /[A-Z]/.test(secret) &&
    /[0-9]/.test(secret) &&
    !/^[0-9a-f]+$/i.test(secret)
  )
}

/** What is between the lines that begin and end a key; ends of lines may be coded. */
function keyText(text: string): string {
  const after = text.slice(text.indexOf('-----', 11) + 5).replaceAll(/\\+[nr]/g, '\n')
  return after.split('-----', 1)[0] ?? ''
}

/** Its characters alone, without headers (RFC 1421, OpenPGP). */
function keyData(text: string): string {
  return keyText(text).replaceAll(/^[\t ]*[A-Za-z-]+: .*$|\s/gm, '')
}

/** The key itself is there, not only the line that begins one: 32 bytes, as the shortest have. */
function hasKey(text: string): boolean {
  const data = /^[A-Za-z0-9+/=]{60}/.exec(keyData(text))?.[0] ?? firstLine(keyText(text))
  return data !== undefined && !isExample(data)
}

/** A key's first line where something stands before each of its lines: DER and OpenSSH's form begin so, and are so wide. */
function firstLine(key: string): string | undefined {
  const line = key.trimStart().split('\n', 1)[0]?.trimEnd() ?? ''
  const [der, ssh] = [line.slice(-64), line.slice(-70)]
  if (/^M[A-Za-z0-9+/=]{63}$/.test(der)) return der
  return /^b3Blbn[A-Za-z0-9+/=]{64}$/.test(ssh) ? ssh : undefined
}

/** Placeholders: few different characters, rows of digits, words that say so. */
export function isExample(text: string): boolean {
  return new Set(text).size < 10 || /example|placeholder|dummy|xxxx|0{8}|123456789/i.test(text)
}

const github = 'https://github.blog/engineering/behind-githubs-new-authentication-token-formats/'
const gitleaks = 'https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml'

export const shapes: readonly Shape[] = [
  {
    kind: 'github-token',
    marks: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    body: /gh[pousr]_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y,
    proof: hasChecksum,
    anywhere: true,
    source: github,
  },
  {
    kind: 'github-fine-grained-token',
    marks: ['github_pat_'],
    body: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?![A-Za-z0-9])/y,
    source: github,
  },
  {
    kind: 'npm-token',
    marks: ['npm_'],
    body: /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y,
    proof: hasChecksum,
    anywhere: true,
    source: 'https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/',
  },
  {
    kind: 'aws-key-pair',
    marks: ['AKIA', 'ASIA'],
    body: /A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])[^]{0,300}/y,
    proof: isKeyPair,
    source: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html',
  },
  {
    kind: 'private-key',
    marks: ['-----BEGIN '],
    body: /-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?-----[^]{0,500}/y,
    proof: hasKey,
    anywhere: true,
    end: /-----END [A-Z ]{0,40}-----/g,
    essence: keyData,
    source: 'RFC 7468, RFC 9580; also within the JSON of a service account of Google Cloud',
  },
  {
    kind: 'json-web-token',
    marks: ['eyJ'],
    body: /eyJ[\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{20,2000}/y,
    proof: isLiveToken,
    source: 'RFC 7519',
  },
  {
    kind: 'slack-token',
    marks: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-'],
    body: /xox[bpars]-[0-9]{10,13}-[A-Za-z0-9-]{20,200}/y,
    source: 'https://api.slack.com/concepts/token-types',
  },
  {
    kind: 'stripe-key',
    marks: ['sk_live_', 'rk_live_'],
    body: /[sr]k_live_[A-Za-z0-9]{24,100}/y,
    source: 'https://docs.stripe.com/keys',
  },
  {
    kind: 'pypi-token',
    marks: ['pypi-AgE'],
    body: /pypi-AgE[\w-]{80,1000}/y,
    source: 'https://pypi.org/help/#apitoken',
  },
  {
    kind: 'google-api-key',
    marks: ['AIza'],
    body: /AIza[\w-]{35}(?![\w-])/y,
    source: gitleaks,
  },
  {
    kind: 'azure-storage-key',
    marks: ['AccountKey='],
    body: /AccountKey=[A-Za-z0-9+/]{86}==/y,
    source: 'https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string',
  },
  {
    kind: 'digitalocean-token',
    marks: ['dop_v1_', 'doo_v1_', 'dor_v1_'],
    body: /do[por]_v1_[a-f0-9]{64}(?![a-f0-9])/y,
    source: gitleaks,
  },
  {
    kind: 'hugging-face-token',
    marks: ['hf_'],
    body: /hf_[A-Za-z]{34}(?![A-Za-z0-9])/y,
    source: gitleaks,
  },
  {
    kind: 'anthropic-key',
    marks: ['sk-ant-'],
    body: /sk-ant-(?:api|admin)[0-9]{2}-[\w-]{80,120}/y,
    source: gitleaks,
  },
  {
    kind: 'openai-key',
    marks: ['sk-'],
    body: /sk-(?:proj-|svcacct-|admin-)?[\w-]{20,80}T3BlbkFJ[\w-]{20,80}/y,
    source: gitleaks,
  },
  {
    kind: 'gitlab-token',
    marks: ['glpat-'],
    body: /glpat-[\w-]{20}(?![\w-])/y,
    source: 'https://docs.gitlab.com/security/tokens/',
  },
  {
    kind: 'docker-token',
    marks: ['dckr_pat_'],
    body: /dckr_pat_[\w-]{27}(?![\w-])/y,
    source: gitleaks,
  },
  {
    kind: 'vault-token',
    marks: ['hvs.'],
    body: /hvs\.[\w-]{90,120}/y,
    source: 'https://developer.hashicorp.com/vault/docs/concepts/tokens',
  },
]
