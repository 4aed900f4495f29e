import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { LabError } from '../error.ts'
import { ended } from '../internet-side.ts'
import type { Lab } from '../lab.ts'
import type { Fault, GitHubOptions } from './github.ts'
import type { GitHubAnswers, GitHubCommand } from './protocol.ts'

/** Names and addresses of GitHub's parts in a lab; the account of the blob store is one of many. */
const site = '203.0.113.140'
const services = '203.0.113.141'
const store = '203.0.113.142'
const names = {
  'github.com': site,
  'api.github.com': site,
  'results-receiver.actions.githubusercontent.com': services,
  'run-actions-1-lab.actions.githubusercontent.com': services,
  'productionresultssa7.blob.core.windows.net': store,
  'productionresultssa8.blob.core.windows.net': store,
} as const

const origins = {
  api: 'https://api.github.com',
  results: 'https://results-receiver.actions.githubusercontent.com',
  oidc: 'https://run-actions-1-lab.actions.githubusercontent.com',
  blobs: 'https://productionresultssa7.blob.core.windows.net',
}

/** GitHub in a lab's internet, by the names of its parts and with TLS. It ends with the lab. */
export class LabGitHub implements AsyncDisposable {
  /** Reads everything there; what a runner gives as `github.token`. */
  token = ''
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #last: Promise<unknown> = Promise.resolve()
  #said = ''

  private constructor(lab: Lab) {
    const main = fileURLToPath(new URL('main.ts', import.meta.url))
    this.#child = spawn(
      'nsenter',
      [`--net=/proc/${lab.internet.pid}/ns/net`, '--', process.execPath, '--no-warnings', main],
      { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
    )
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-4000)
    })
    this.#child.stdin.on('error', () => {})
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  static async start(
    lab: Lab,
    repositories: NonNullable<GitHubOptions['repositories']> = {},
  ): Promise<LabGitHub> {
    const github = new LabGitHub(lab)
    const options = {
      repositories,
      tls: await lab.issue(Object.keys(names)),
      listen: [site, services, store].map((address) => ({ address, port: 443 })),
      origins,
    }
    await lab.dns.add(
      Object.fromEntries(Object.entries(names).map(([name, address]) => [name, [address]])),
    )
    const { token } = await github.#ask({ do: 'start', options })
    github.token = token
    return github
  }

  /** A job, and what its runner gives actions by their environment. */
  addJob(run: string | null = null): Promise<GitHubAnswers['job']> {
    return this.#ask({ do: 'job', run })
  }

  /** As GitHub.fail. */
  async fail(part: string, ...faults: Fault[]): Promise<void> {
    await this.#ask({ do: 'fail', part, faults })
  }

  /** What it was asked for, and what it holds. */
  async state() {
    const { artifacts, ...state } = await this.#ask({ do: 'state' })
    return {
      ...state,
      artifacts: artifacts.map(({ name, finalized, content }) => ({
        name,
        finalized,
        content: content === null ? null : Buffer.from(content, 'base64'),
      })),
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return ended(this.#child)
  }

  /** One after the other: an answer is to the question before it. */
  #ask<C extends GitHubCommand>(command: C): Promise<GitHubAnswers[C['do']]> {
    const asked = this.#last.then(async () => {
      this.#child.stdin.write(`${JSON.stringify(command)}\n`)
      const { value, done } = await this.#lines.next()
      if (done === true) throw new LabError('LAB_SERVE', `the lab's GitHub ended: ${this.#said}`)
      return JSON.parse(value) as GitHubAnswers[C['do']]
    })
    this.#last = asked.catch(() => null)
    return asked
  }
}
