import { type AnswerOf, type BodyOf, routeUrl } from '@runwarden/api/route-url'
import type { Segment } from '../spool/segment-file.ts'
import { ask, AskError } from './ask.ts'

/** What an agent says of its job, as JSON. */
type SaidPath = '/v1/jobs/{id}/heartbeat' | '/v1/jobs/{id}/policy' | '/v1/jobs/{id}/finish'

interface Parts {
  /** Of the control plane, without a slash at its end. */
  url: string
  /** The job's. */
  id: string
  token: string
  /** Ends what is under way. */
  signal: AbortSignal
  /** It has answered. */
  heard: () => void
}

/** Whether an answer is what a control plane says there: something before it may answer everything by 200 (maintenance). */
const answers: {
  readonly [Path in SaidPath]: (said: Partial<AnswerOf<Path, 'post'>>) => boolean
} = {
  '/v1/jobs/{id}/heartbeat': ({ blockListVersion, policyVersion }) =>
    isTextOrNull(blockListVersion) && isTextOrNull(policyVersion),
  '/v1/jobs/{id}/policy': ({ number }) => typeof number === 'number',
  '/v1/jobs/{id}/finish': ({ insightsUrl }) => isTextOrNull(insightsUrl),
}

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string'

/** What an agent says to its control plane of one job. The process may end meanwhile. */
export class Said {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** @throws AskError */
  say<Path extends SaidPath>(path: Path, body: BodyOf<Path>): Promise<AnswerOf<Path, 'post'>> {
    const { url, id } = this.#parts
    const to = routeUrl<SaidPath>(url, path, { id })
    const headers = { 'content-type': 'application/json' }
    return this.#post<AnswerOf<Path, 'post'>>(to, JSON.stringify(body), headers, answers[path])
  }

  /** @throws AskError */
  async segment({ seq, previous, hash, body }: Segment): Promise<void> {
    const { url, id } = this.#parts
    const to = routeUrl(url, '/v1/jobs/{id}/segments/{seq}', { id, seq })
    const headers = {
      'content-type': 'application/zstd',
      'runwarden-previous': previous.toString('hex'),
      'runwarden-hash': hash.toString('hex'),
    }
    await this.#post<{ acknowledged: number }>(
      to,
      body,
      headers,
      ({ acknowledged }) => acknowledged === seq,
    )
  }

  async #post<T>(
    to: URL,
    body: string | Buffer,
    headers: Record<string, string>,
    isAnswer: (said: Partial<T>) => boolean,
  ): Promise<T> {
    const { token, signal, heard } = this.#parts
    const answer = await ask(to, { method: 'POST', token, headers, body, signal, background: true })
    const said = objectIn(answer.body)
    if (!isAnswer(said))
      throw new AskError(
        `${to.href} answered ${answer.status}, but not as a control plane does: something else answers there`,
      )
    heard()
    return said as T
  }
}

/** Empty: it is none. */
function objectIn(body: Buffer): object {
  try {
    const said: unknown = JSON.parse(body.toString())
    return typeof said === 'object' && said !== null ? said : {}
  } catch {
    return {}
  }
}
