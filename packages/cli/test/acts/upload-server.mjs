/** HTTP/1.1 and HTTP/2: writes a line for each upload that has arrived to its end, with the digest of its body. */
import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'

const { cert, key, address, uploads } = JSON.parse(process.argv[2])
const limits = { maxSessionMemory: 1000, settings: { maxConcurrentStreams: 1000 } }
const options = { cert, key, allowHTTP1: true, ...limits }
createSecureServer(options, (request, response) => {
  const digest = createHash('sha256')
  request.on('data', (data) => digest.update(data))
  request.on('end', () => {
    if (!request.complete) return
    appendFileSync(uploads, `${request.httpVersion} ${request.url} ${digest.digest('hex')}\n`)
    response.end()
  })
}).listen(443, address, () => console.log('listening'))
