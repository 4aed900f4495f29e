// A server of HTTP/2 over TLS, for what the lab's own does not speak: h2-server.mjs ADDRESS PORT CERTIFICATE KEY
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'

const [, , address, port, cert, key] = process.argv
const server = createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) })
server.on('stream', (stream, headers) => {
  console.log(`h2 ${headers[':method']} ${headers[':authority']} ${headers[':path']}`)
  stream.respond({ ':status': 200 })
  stream.end('hello over HTTP/2\n')
})
server.listen({ host: address, port: Number(port) }, () => console.error('ready'))
