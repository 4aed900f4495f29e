import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BlobStore, digestOf } from './blob-store.ts'
import { bodyOf, sendJson } from './body.ts'
import { tokenPart } from './oidc.ts'

/** An artifact that a job made. */
export interface Artifact {
  name: string
  /** Only finalised ones are seen in the run. */
  finalized: boolean
  /** What was uploaded; null: nothing (yet). */
  content: Buffer | null
}

/** A job of the fake: who its tokens are for. */
export interface GitHubJob {
  run: string
  job: string
  token: string
}

/** GitHub's results service: artifacts of version 4, caches of version 2, and the address of a job's log. */
export class Results {
  readonly #blobs: BlobStore
  readonly #blobOrigin: () => string
  readonly #jobs: GitHubJob[] = []
  readonly #artifacts = new Map<string, { path: string; name: string; finalized: boolean }>()
  /** Keys that are reserved. */
  readonly cacheKeys: string[] = []

  constructor(blobs: BlobStore, blobOrigin: () => string) {
    this.#blobs = blobs
    this.#blobOrigin = blobOrigin
  }

  /** @param run its id in this service; a new run when left out */
  addJob(run: string = randomUUID()): GitHubJob {
    const job = randomUUID()
    const scope = { scp: `Actions.Example Actions.Results:${run}:${job}` }
    const signature = randomBytes(16).toString('base64url')
    const added = {
      run,
      job,
      token: `${tokenPart({ alg: 'RS256' })}.${tokenPart(scope)}.${signature}`,
    }
    this.#jobs.push(added)
    return added
  }

  get artifacts(): Artifact[] {
    return [...this.#artifacts.values()].map(({ path, name, finalized }) => ({
      name,
      finalized,
      content: this.#blobs.content(path),
    }))
  }

  async serve(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = (await bodyOf(request)).toString()
    const job = this.#jobs.find(({ token }) => request.headers.authorization === `Bearer ${token}`)
    const twirp = (status: number, code: string, msg: string): void =>
      sendJson(response, status, { code, msg })
    if (job === undefined) return twirp(401, 'unauthenticated', 'no job has this token')
    const asked = JSON.parse(text) as Record<string, string>
    const method = url.pathname.split('/').at(-1)
    const own = asked['workflow_job_run_backend_id'] === job.job
    const sameRun = asked['workflow_run_backend_id'] === job.run
    if (method !== 'CreateCacheEntry' && !(own && sameRun))
      return twirp(403, 'permission_denied', 'another job’s')
    const root = `/actions-results/${job.run}/workflow-job-run-${job.job}`
    switch (method) {
      case 'GetJobLogsSignedBlobURL':
        return sendJson(response, 200, {
          logs_url: this.#signed(`${root}/logs/job/job-logs.txt`),
          blob_storage_type: 'BLOB_STORAGE_TYPE_AZURE',
        })
      case 'CreateCacheEntry': {
        const key = `${asked['key']} ${asked['version']}`
        if (this.cacheKeys.includes(key)) return sendJson(response, 200, { ok: false })
        this.cacheKeys.push(key)
        const path = `/actions-cache/${randomBytes(8).toString('hex')}`
        return sendJson(response, 200, { ok: true, signed_upload_url: this.#signed(path) })
      }
      case 'CreateArtifact': {
        const name = asked['name'] ?? ''
        if (name === '' || /["*/:<>?\\|\r\n]/.test(name))
          return twirp(400, 'invalid_argument', 'the artifact name is invalid')
        const key = `${job.run} ${name}`
        if (this.#artifacts.has(key)) {
          const msg = 'an artifact with this name already exists on the workflow run'
          return twirp(409, 'already_exists', msg)
        }
        const path = `${root}/artifacts/${randomBytes(16).toString('hex')}.zip`
        this.#artifacts.set(key, { path, name, finalized: false })
        return sendJson(response, 200, { ok: true, signed_upload_url: this.#signed(path) })
      }
      case 'FinalizeArtifact': {
        const artifact = this.#artifacts.get(`${job.run} ${asked['name']}`)
        const content = artifact === undefined ? null : this.#blobs.content(artifact.path)
        if (artifact === undefined || content === null)
          return twirp(404, 'not_found', 'no such artifact')
        if (String(content.length) !== asked['size'] || digestOf(content) !== asked['hash'])
          return twirp(400, 'invalid_argument', 'size or hash differ')
        artifact.finalized = true
        return sendJson(response, 200, { ok: true, artifact_id: String(this.#artifacts.size) })
      }
      default:
        return twirp(404, 'bad_route', `no ${url.pathname}`)
    }
  }

  #signed(path: string): string {
    return `${this.#blobOrigin()}${this.#blobs.sign(path)}`
  }
}
