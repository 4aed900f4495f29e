import { createHash } from 'node:crypto'
import { askForSuccess, retrying } from './http.ts'

/** What a blob came to. */
export interface Blob {
  /** Bytes. */
  size: number
  /** SHA-256, hex. */
  digest: string
}

/** At most two of these are in memory. */
const blockBytes = 4 << 20
/** Of Azure's REST API; the signed URL says which permissions it has. */
const apiVersion = '2021-12-02'

/**
 * Uploads a stream as one blob of Azure's store, block by block; it exists when the last one has arrived.
 * @param signed URL that may write it
 * @throws RequestError
 */
export async function uploadBlob(
  signed: URL,
  content: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<Blob> {
  const hash = createHash('sha256')
  const ids: string[] = []
  let size = 0
  for await (const block of blocksOf(content)) {
    hash.update(block)
    size += block.length
    // All ids of a blob have one length.
    const id = Buffer.from(String(ids.length).padStart(8, '0')).toString('base64')
    await put(signed, { comp: 'block', blockid: id }, block, {}, signal)
    ids.push(id)
  }
  const list = ids.map((id) => `<Latest>${id}</Latest>`).join('')
  await put(
    signed,
    { comp: 'blocklist' },
    Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`),
    { 'content-type': 'application/xml', 'x-ms-blob-content-type': 'zip' },
    signal,
  )
  return { size, digest: hash.digest('hex') }
}

async function put(
  signed: URL,
  query: Readonly<Record<string, string>>,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(signed)
  // Appended to the text: what is signed must stay as it is.
  url.search += Object.entries(query)
    .map(([name, value]) => `&${name}=${encodeURIComponent(value)}`)
    .join('')
  await retrying({ tries: 5, firstMs: 500, signal }, () =>
    askForSuccess(url, {
      method: 'PUT',
      body,
      headers: {
        'x-ms-version': apiVersion,
        'content-type': 'application/octet-stream',
        ...headers,
      },
      signal,
    }),
  )
}

/** Cuts a stream into blocks; the last one may be shorter. */
async function* blocksOf(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of content) {
    let rest = chunk
    while (bytes + rest.length >= blockBytes) {
      const room = blockBytes - bytes
      yield Buffer.concat([...chunks, rest.subarray(0, room)])
      rest = rest.subarray(room)
      chunks = []
      bytes = 0
    }
    if (rest.length > 0) chunks.push(rest)
    bytes += rest.length
  }
  if (bytes > 0) yield Buffer.concat(chunks)
}
