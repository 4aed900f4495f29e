import { askForSuccess, jsonOf, isPrivateWay, RequestError } from './http.ts'

/** Ids of the run and the job within GitHub's results service. */
interface BackendIds {
  workflow_run_backend_id: string
  workflow_job_run_backend_id: string
}

/** The calls that are made; JSON over Twirp, as actions/toolkit and actions/runner make them. */
export type ResultsMethod =
  | 'github.actions.results.api.v1.ArtifactService/CreateArtifact'
  | 'github.actions.results.api.v1.ArtifactService/FinalizeArtifact'
  | 'github.actions.results.api.v1.CacheService/CreateCacheEntry'
  | 'results.services.receiver.Receiver/GetJobLogsSignedBlobURL'

/** GitHub's service behind artifacts, caches and logs, for this job. */
export class ResultsService {
  /** Where it is. */
  readonly url: URL
  readonly ids: BackendIds
  readonly #token: string

  constructor(url: URL, ids: BackendIds, token: string) {
    this.url = url
    this.ids = ids
    this.#token = token
  }

  /** That of the environment of an action. @throws RequestError INVALID when that has none */
  static of(env: NodeJS.ProcessEnv): ResultsService {
    const text = env['ACTIONS_RESULTS_URL'] ?? ''
    const token = env['ACTIONS_RUNTIME_TOKEN'] ?? ''
    if (!URL.canParse(text) || token === '') {
      throw new RequestError(
        'INVALID',
        'the runner gives no results service (ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN)',
      )
    }
    const url = new URL(text)
    if (!isPrivateWay(url)) {
      throw new RequestError('INSECURE', `${url.origin} is not asked: it needs https://`)
    }
    return new ResultsService(url, idsOf(token), token)
  }

  /**
   * @returns fields of the answer by their names in the protocol (snake_case)
   * @throws RequestError
   */
  async call(
    method: ResultsMethod,
    body: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const url = new URL(`/twirp/${method}`, this.url)
    const reply = await askForSuccess(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#token}` },
      body: JSON.stringify(body),
      limit: 64 << 10,
      signal,
    })
    const answer = jsonOf(url, reply)
    if (typeof answer !== 'object' || answer === null) {
      throw new RequestError('INVALID', `${method} answered no object`)
    }
    return Object.fromEntries(
      // Servers may write either form of a field's name (proto3's JSON).
      Object.entries(answer).map(([name, value]) => [
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        value as unknown,
      ]),
    )
  }
}

/** From the token's claim `scp`: "… Actions.Results:<run>:<job> …". */
function idsOf(token: string): BackendIds {
  let scopes: unknown
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
    scopes = (JSON.parse(payload) as { scp?: unknown }).scp
  } catch {
    scopes = null
  }
  const found = /(?:^| )Actions\.Results:([\w-]+):([\w-]+)(?: |$)/.exec(String(scopes))
  const [, run, job] = found ?? []
  if (run === undefined || job === undefined) {
    throw new RequestError('INVALID', 'the token of the runner names no run in the results service')
  }
  return { workflow_run_backend_id: run, workflow_job_run_backend_id: job }
}
