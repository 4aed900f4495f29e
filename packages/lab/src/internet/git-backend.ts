import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { spawnTied } from './tied.ts'

/** A request over HTTP/1.1 or HTTP/2, and its answer. */
export type Asked = IncomingMessage | Http2ServerRequest
export type Answered = ServerResponse | Http2ServerResponse

/** Whether it is what git asks of a repository (gitprotocol-http). */
export function asksGit(path: string): boolean {
  return /\/(?:info\/refs|git-upload-pack|git-receive-pack)(?:$|\?)/.test(path)
}

/**
 * Answers by git's own server, a CGI program (git-http-backend(1), RFC 3875). As on GitHub, of a public repository: who pushes
 * says who they are, also when they only ask what is there.
 */
export function serveGit(folder: string, request: Asked, response: Answered): void {
  const { pathname, search } = new URL(request.url ?? '', 'http://lab.test')
  const { authorization, 'content-type': type, 'content-length': length } = request.headers
  if (authorization === undefined && `${pathname}${search}`.includes('git-receive-pack')) {
    request.resume()
    response.statusCode = 401
    response.setHeader('www-authenticate', 'Basic realm="GitHub"')
    response.end()
    return
  }
  const backend = spawnTied('env', [
    '-i',
    `PATH=${process.env['PATH'] ?? ''}`,
    `GIT_PROJECT_ROOT=${folder}`,
    'GIT_HTTP_EXPORT_ALL=1',
    'GIT_CONFIG_COUNT=1',
    // The repositories may be of another owner than root.
    'GIT_CONFIG_KEY_0=safe.directory',
    'GIT_CONFIG_VALUE_0=*',
    `PATH_INFO=${pathname}`,
    `QUERY_STRING=${search.slice(1)}`,
    `REQUEST_METHOD=${request.method ?? ''}`,
    `CONTENT_TYPE=${type ?? ''}`,
    ...(length === undefined ? [] : [`CONTENT_LENGTH=${length}`]),
    `HTTP_CONTENT_ENCODING=${request.headers['content-encoding'] ?? ''}`,
    `GIT_PROTOCOL=${String(request.headers['git-protocol'] ?? '')}`,
    ...(authorization === undefined ? [] : ['REMOTE_USER=lab']),
    'git',
    'http-backend',
  ])
  backend.stdin.on('error', () => {})
  request.pipe(backend.stdin)
  const body: Writable = response
  let head = Buffer.alloc(0)
  let begun = false
  backend.stdout.on('data', (data: Buffer) => {
    if (begun) return void body.write(data)
    head = Buffer.concat([head, data])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    begun = true
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [, name = '', value = ''] = /^([^:]+): *(.*)$/.exec(line) ?? []
      if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10)
      else response.setHeader(name, value)
    }
    body.write(head.subarray(end + 4))
  })
  backend.once('close', () => {
    if (!begun) response.statusCode = 500
    response.end()
  })
}
