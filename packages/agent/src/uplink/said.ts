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

/** What an agent says to its control plane of one job. The process may end meanwhile. */
export class Said {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** @returns the answer's JSON, fields unchecked. @throws AskError */
  say<Path extends SaidPath>(
    path: Path,
    body: BodyOf<Path>,
  ): Promise<Partial<AnswerOf<Path, 'post'>>> {
    const { url, id } = this.#parts
    const to = routeUrl<SaidPath>(url, path, { id })
    return this.#post(to, JSON.stringify(body), { 'content-type': 'application/json' })
  }

  /** @throws AskError */
  async segment({ seq, previous, hash, body }: Segment): Promise<void> {
    const { url, id } = this.#parts
    await this.#post(routeUrl(url, '/v1/jobs/{id}/segments/{seq}', { id, seq }), body, {
      'content-type': 'application/zstd',
      'runwarden-previous': previous.toString('hex'),
      'runwarden-hash': hash.toString('hex'),
    })
  }

  async #post<T extends object>(
    to: URL,
    body: string | Buffer,
    headers: Record<string, string>,
  ): Promise<Partial<T>> {
    const { url, token, signal, heard } = this.#parts
    const answer = await ask(to, { method: 'POST', token, headers, body, signal, background: true })
    heard()
    try {
      const said: unknown = JSON.parse(answer.body.toString())
      return typeof said === 'object' && said !== null ? said : {}
    } catch {
      throw new AskError(`${url} answered something that is no JSON`)
    }
  }
}
