import { archives } from './archives.ts'
import { dnsFrames } from './dns-frames.ts'
import { dnsAnswer, dnsQuery } from './dns.ts'
import { elfFiles } from './elf.ts'
import { gate } from './gate.ts'
import { github } from './github.ts'
import { hpack } from './hpack.ts'
import { http1, http2 } from './http.ts'
import { masks } from './masks.ts'
import { policy } from './policy.ts'
import { recorded } from './recorded.ts'
import { records, tlsRecords } from './records.ts'
import { rules } from './rules.ts'
import { secrets } from './secrets.ts'

export const targets = [
  http1,
  http2,
  hpack,
  dnsQuery,
  dnsAnswer,
  dnsFrames,
  records,
  tlsRecords,
  policy,
  secrets,
  masks,
  rules,
  elfFiles,
  gate,
  github,
  recorded,
  archives,
]
