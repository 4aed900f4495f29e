import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { bodyOf } from './body.ts'

interface Blob {
  /** What must be in the query of its address. */
  signature: string
  /** By id; those that are not in the blob. */
  blocks: Map<string, Buffer>
  /** null: it was not put together yet. */
  content: Buffer | null
}

/** As much of Azure's blob store as uploads need: Put Block and Put Block List, by signed addresses. */
export class BlobStore {
  readonly #blobs = new Map<string, Blob>()

  /** Path and query of an address that a new blob can be written to. */
  sign(path: string): string {
    const signature = randomBytes(32).toString('base64')
    this.#blobs.set(path, { signature, blocks: new Map(), content: null })
    return `${path}?se=2100-01-01T00%3A00%3A00Z&sig=${encodeURIComponent(signature)}&sp=cw&spr=https&sr=b&sv=2021-12-02`
  }

  content(path: string): Buffer | null {
    return this.#blobs.get(path)?.content ?? null
  }

  async serve(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const blob = this.#blobs.get(url.pathname)
    const body = await bodyOf(request)
    const say = (status: number, code = ''): void =>
      void response.writeHead(status, { 'x-ms-error-code': code }).end()
    if (blob === undefined) return say(404, 'ResourceNotFound')
    if (url.searchParams.get('sig') !== blob.signature) return say(403, 'AuthenticationFailed')
    if (request.headers['x-ms-version'] === undefined) return say(400, 'MissingRequiredHeader')
    const comp = url.searchParams.get('comp')
    if (request.method !== 'PUT') return say(405)
    if (comp === 'block') {
      const id = url.searchParams.get('blockid') ?? ''
      const [other] = blob.blocks.keys()
      if (other !== undefined && other.length !== id.length) return say(400, 'InvalidBlobOrBlock')
      blob.blocks.set(id, body)
      return say(201)
    }
    if (comp !== 'blocklist') return say(400, 'InvalidQueryParameterValue')
    const ids = [...body.toString().matchAll(/<Latest>([^<]*)<\/Latest>/g)].map(([, id]) => id)
    const blocks = ids.map((id) => blob.blocks.get(id ?? ''))
    if (blocks.includes(undefined)) return say(400, 'InvalidBlockList')
    blob.content = Buffer.concat(blocks.filter((block) => block !== undefined))
    return say(201)
  }
}

export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}
