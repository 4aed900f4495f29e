import { execFile } from 'node:child_process'
import { isIP } from 'node:net'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30']

/** The lab's own certificate authority: clients trust `file`. */
export class Authority {
  /** PEM of the authority's certificate. */
  readonly file: string
  readonly #folder: string
  #made = 0

  private constructor(folder: string) {
    this.#folder = folder
    this.file = `${folder}/ca.pem`
  }

  static async make(folder: string): Promise<Authority> {
    const authority = new Authority(folder)
    await run('openssl', [
      'req',
      '-x509',
      ...newKey,
      '-subj',
      '/CN=Lab CA',
      '-keyout',
      `${folder}/ca.key`,
      '-out',
      authority.file,
    ])
    return authority
  }

  /** A certificate for a server's names (wildcards too) and addresses, and its key; PEM. */
  async issue(names: readonly string[]): Promise<{ cert: string; key: string }> {
    const out = `${this.#folder}/server-${++this.#made}`
    const alternatives = names.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',')
    await run('openssl', [
      'req',
      '-x509',
      '-CA',
      this.file,
      '-CAkey',
      `${this.#folder}/ca.key`,
      ...newKey,
      '-subj',
      '/CN=Lab server',
      '-addext',
      `subjectAltName=${alternatives}`,
      '-addext',
      'basicConstraints=critical,CA:FALSE',
      '-keyout',
      `${out}.key`,
      '-out',
      `${out}.pem`,
    ])
    const [cert, key] = await Promise.all([
      readFile(`${out}.pem`, 'utf8'),
      readFile(`${out}.key`, 'utf8'),
    ])
    return { cert, key }
  }
}
