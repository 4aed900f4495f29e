import { type Batch, deviceName } from '../decode/batch.ts'
import { execId } from '../identity.ts'
import type { TlsChunk, TlsEnd, TlsOffer } from './chunk.ts'
import {
  FILE_BYTES,
  HTTPS_KEY_BYTES,
  https_key,
  IMAGE_BYTES,
  libraries,
  OFFER_ALLOWED,
  OFFER_GOES_ON,
  tls_chunk,
  tls_cookie,
  tls_file,
  tls_header,
  tls_image,
  tls_record_kind,
} from './layout.ts'

/** A process of the scope runs a file's code from here on. */
export interface TlsImage {
  /** CLOCK_BOOTTIME, ns. */
  time: number
  execId: string
  pid: number
  /** Key of the kernel's maps of processes under HTTPS rules. */
  process: Buffer
  /** Where it was mapped; 0: the process became this program. */
  address: bigint
  /** Key of the kernel's map of files that are known. */
  file: Buffer
  /** Its ctime, ns. */
  changed: bigint
  /** Its number there; 0: it is not known yet. */
  known: number
  /** `major:minor` */
  device: string
  /** enum served; 0 where it is known. */
  served: number
  /** Where the file was, where it is not known yet; else empty. */
  path: string
}

/** What a batch of a ring holds, in order. A record's own length, then the ring's index, stand before each. */
export function* recordsOf(buffer: Buffer, bytes: number): Generator<number, void, void> {
  for (let at = 0; at < bytes;) {
    const length = buffer.readUInt32LE(at)
    yield at + 8
    at += 8 + ((length + 7) & ~7)
  }
}

/** struct https_key of the process of a record. */
function processKey(buffer: Buffer, at: number): Buffer {
  const key = Buffer.alloc(HTTPS_KEY_BYTES)
  key.writeBigUInt64LE(buffer.readBigUInt64LE(at + tls_header.start), https_key.start)
  key.writeUInt32LE(buffer.readUInt32LE(at + tls_header.tgid), https_key.tgid)
  return key
}

/** Processes whose identity is remembered: it is made for each once, and not for each of its records. */
const MOST_PROCESSES = 1024
const identities = new Map<number, { start: number; id: string }>()

function identityOf(batch: Batch, at: number): string {
  const pid = batch.u32[(at + tls_header.tgid) >>> 2] as number
  const start = batch.wide(at + tls_header.start)
  const known = identities.get(pid)
  if (known?.start === start) return known.id
  const id = batch.identity(at + tls_header.tgid, at + tls_header.start)
  if (!Number.isSafeInteger(start)) return id
  if (identities.size >= MOST_PROCESSES) identities.clear()
  identities.set(pid, { start, id })
  return id
}

/** What a batch of the ring of contents holds, in order, each decoded when it is asked for. */
export function* contentOf(
  batch: Batch,
  bytes: number,
): Generator<TlsChunk | TlsEnd | TlsOffer, void, void> {
  for (let at = 0; at < bytes;) {
    const length = batch.u32[at >>> 2] as number
    yield decodeContent(batch, at + 8)
    at += 8 + ((length + 7) & ~7)
  }
}

/** struct tls_chunk, or struct tls_header of an end, at byte `at`. What a chunk holds stays in the batch, an offer has a copy. */
export function decodeContent(batch: Batch, at: number): TlsChunk | TlsEnd | TlsOffer {
  const { buffer, u16, u32, u64 } = batch
  const kind = u16[(at + tls_header.kind) >>> 1] as number
  const time = batch.wide(at + tls_header.time)
  const session = u64[(at + tls_header.session) >>> 3] as bigint
  const id = identityOf(batch, at)
  if (kind === tls_record_kind.TLS_END) return { time, execId: id, session }
  const pid = u32[(at + tls_header.tgid) >>> 2] as number
  const flags = u16[(at + tls_header.flags) >>> 1] as number
  const cookie = u32[(at + tls_chunk.cookie) >>> 2] as number
  const library = libraries[cookie & tls_cookie.TLS_LIBRARY_MASK] ?? 'openssl'
  const begin = at + tls_chunk.data
  const data = buffer.subarray(begin, begin + (u32[(at + tls_chunk.copied) >>> 2] as number))
  const size = batch.wide(at + tls_chunk.moved)
  if (kind === tls_record_kind.TLS_OFFER)
    return {
      time,
      execId: id,
      pid,
      start: u64[(at + tls_header.start) >>> 3] as bigint,
      family: Buffer.from(
        buffer.subarray(at + tls_chunk.family_start, at + tls_chunk.family_start + HTTPS_KEY_BYTES),
      ),
      library,
      session,
      data: Buffer.from(data),
      size,
      sent: batch.wide(at + tls_chunk.sent),
      goesOn: (flags & OFFER_GOES_ON) !== 0,
      allowed: (flags & OFFER_ALLOWED) !== 0,
    }
  return {
    time,
    execId: id,
    pid,
    library,
    session,
    direction: (cookie & tls_cookie.TLS_RECEIVED) === 0 ? 'sent' : 'received',
    data,
    size,
    lost: flags !== 0,
  }
}

/** struct tls_image */
export function decodeImage(buffer: Buffer, at: number): TlsImage {
  const pid = buffer.readUInt32LE(at + tls_header.tgid)
  const file = Buffer.from(buffer.subarray(at + tls_image.file, at + tls_image.file + FILE_BYTES))
  return {
    time: Number(buffer.readBigUInt64LE(at + tls_header.time)),
    execId: execId(pid, buffer.readBigUInt64LE(at + tls_header.start)),
    pid,
    process: processKey(buffer, at),
    address: buffer.readBigUInt64LE(at + tls_header.session),
    file,
    changed: file.readBigUInt64LE(tls_file.changed),
    known: buffer.readUInt32LE(at + tls_image.known),
    device: deviceName(file.readUInt32LE(tls_file.device)),
    served: buffer.readUInt32LE(at + tls_image.served),
    path: buffer
      .toString(
        'utf8',
        at + IMAGE_BYTES,
        at + IMAGE_BYTES + buffer.readUInt32LE(at + tls_image.path_size),
      )
      .split('\0')
      .toReversed()
      .join('/'),
  }
}

/** Key of a file in the kernel's map, where the file system has no numbers of its own for what others see (overlayfs, btrfs). */
export function fileKey({
  ino,
  ctimeNs,
  dev,
}: {
  ino: bigint
  ctimeNs: bigint
  dev: bigint
}): Buffer {
  const key = Buffer.alloc(FILE_BYTES)
  key.writeBigUInt64LE(ino, tls_file.inode)
  key.writeBigUInt64LE(ctimeNs, tls_file.changed)
  // stat's device is in the form of glibc's makedev().
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  key.writeUInt32LE(Number(((major << 20n) | (minor & 0xfffffn)) & 0xffffffffn), tls_file.device)
  return key
}
