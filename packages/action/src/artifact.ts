import { uploadBlob, type Blob } from './blob-upload.ts'
import { RequestError, retrying } from './http.ts'
import { ReportArchive } from './report-archive.ts'
import { ResultsService } from './results-service.ts'
import { storeEndpoint } from './store-address.ts'

/** A report that is an artifact of the run. */
export interface UploadedReport extends Blob {
  name: string
  /** GitHub's id of the artifact. */
  id: string
}

/** The report could not be uploaded; where it is on the machine it still is. */
export class ArtifactError extends Error {
  readonly code = 'ARTIFACT'
}

/** For everything; a job that was cancelled has little time. */
const wholeMs = 120_000
/** Of a name: more than one use of the action in a job, or an answer that was lost. */
const mostOfAName = 9

/**
 * Uploads the files of a report's folder as an artifact of the run, by the protocol of `actions/upload-artifact@v4`,
 * read and packed as they go: some 50 MB of memory, however large they are.
 * @param mask has the runner take a secret out of all logs
 * @throws ArtifactError
 */
export async function uploadReport(
  folder: string,
  env: NodeJS.ProcessEnv,
  mask: (secret: string) => void,
  withinMs: number = wholeMs,
): Promise<UploadedReport> {
  const signal = AbortSignal.timeout(withinMs)
  try {
    const service = ResultsService.of(env)
    const { name, address } = await create(service, env, signal)
    const store = storeEndpoint(address, service.url, env)
    const signature = new URL(address).searchParams.get('sig')
    if (signature !== null) mask(signature)
    await using archive = await ReportArchive.of(folder)
    const blob = await upload(store, address, archive, signal)
    const { artifact_id: id } = await retrying({ tries: 4, firstMs: 500, signal }, () =>
      service.call(
        'github.actions.results.api.v1.ArtifactService/FinalizeArtifact',
        { ...service.ids, name, size: String(blob.size), hash: `sha256:${blob.digest}` },
        signal,
      ),
    )
    return { name, id: String(id), ...blob }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ArtifactError(`The report could not be uploaded as an artifact: ${why}`, {
      cause: error,
    })
  }
}

/** Reserves a name. */
async function create(
  service: ResultsService,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ name: string; address: string }> {
  const base = artifactName(env, service.ids.workflow_job_run_backend_id)
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}-${count}`
    try {
      const { signed_upload_url: address } = await retrying(
        { tries: 4, firstMs: 500, signal },
        () =>
          service.call(
            'github.actions.results.api.v1.ArtifactService/CreateArtifact',
            { ...service.ids, name, version: 4 },
            signal,
          ),
      )
      if (typeof address !== 'string') {
        throw new RequestError('INVALID', 'CreateArtifact gave no address')
      }
      return { name, address }
    } catch (error) {
      const taken = error instanceof RequestError && error.status === 409
      if (!taken || count === mostOfAName) throw error
    }
  }
}

async function upload(
  store: string | null,
  address: string,
  { content }: ReportArchive,
  signal: AbortSignal,
): Promise<Blob> {
  try {
    return await uploadBlob(new URL(address), content, signal)
  } catch (error) {
    if (!(error instanceof RequestError) || error.status !== null || store === null) throw error
    throw new RequestError(error.code, `${error.message} (it needs ${store} in the policy)`, {
      cause: error,
    })
  }
}

/**
 * `runwarden-report-<job>-<attempt>-<part of the job's id>`: the last tells the legs of a matrix apart, and callers of one
 * reusable workflow. Only characters that every file system and GitHub take.
 */
export function artifactName(env: NodeJS.ProcessEnv, jobRunId: string): string {
  const job = safe(env['GITHUB_JOB'], 100) || 'job'
  const attempt = safe(env['GITHUB_RUN_ATTEMPT'], 10) || '1'
  return `runwarden-report-${job}-${attempt}-${safe(jobRunId, 8)}`
}

function safe(text: string | undefined, most: number): string {
  return (text ?? '').replace(/[^\w.-]+/g, '-').slice(0, most)
}
