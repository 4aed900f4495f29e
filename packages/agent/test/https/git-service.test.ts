import { expect, test } from 'vitest'
import { PREFACE } from '../../src/https/http2/connection.ts'
import { FLAG, frame, requestBlock, TYPE } from './frames.ts'
import { decode, talk } from './seen.ts'

test.each([
  ['/acme/shop.git/info/refs?service=git-receive-pack', 'git-receive-pack'],
  ['/acme/shop/info/refs?service=git-upload-pack', 'git-upload-pack'],
  ['/acme/shop/info/refs', undefined],
  ['/acme/shop/info/refs?service=git-receive-packet', undefined],
  ['/acme/shop/info/refs?service=git-receive-pack&token=secret', undefined],
  ['/acme/shop/info/refs?token=secret', undefined],
  ['/acme/shop/refs?service=git-receive-pack', undefined],
])('of the query of %s is kept: %s', (target, service) => {
  const path = target.replace(/\?.*/, '')
  const http2 = Buffer.concat([
    Buffer.from('>'),
    PREFACE,
    frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, requestBlock(target)),
  ])
  for (const request of [
    `>GET ${target} HTTP/1.1\r\nHost: github.com\r\n\r\n`,
    `>GET https://github.com${target} HTTP/1.1\r\nHost: github.com\r\n\r\n`,
    http2,
  ]) {
    const [exchange] = decode(talk(request)).exchanges
    expect(exchange?.head.path).toBe(path)
    expect(exchange?.head.gitService).toBe(service)
    expect(JSON.stringify(exchange)).not.toContain('secret')
  }
})
