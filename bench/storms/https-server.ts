/** An HTTPS server that takes bodies and answers `ok`, with CERTIFICATE and KEY at ADDRESS:443. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [cert = '', key = '', address = ''] = process.argv.slice(2)
const server = createServer(
  { cert: readFileSync(cert), key: readFileSync(key) },
  (incoming, answer) => {
    incoming.resume().on('end', () => answer.end('ok'))
  },
)
server.listen(443, address, () => console.log('listening'))
