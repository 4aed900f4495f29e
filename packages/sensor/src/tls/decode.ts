import { deviceName } from '../decode/batch.ts'
import { execId } from '../identity.ts'
import type { TlsChunk, TlsEnd, TlsOffer } from './chunk.ts'
import {
  FILE_BYTES,
  HTTPS_KEY_BYTES,
  https_key,
  IMAGE_BYTES,
  libraries,
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

/** struct tls_chunk, or struct tls_header of an end, at byte `at`. What a chunk holds stays in `buffer`, an offer has a copy. */
export function decodeContent(buffer: Buffer, at: number): TlsChunk | TlsEnd | TlsOffer {
  const pid = buffer.readUInt32LE(at + tls_header.tgid)
  const common = {
    time: Number(buffer.readBigUInt64LE(at + tls_header.time)),
    execId: execId(pid, buffer.readBigUInt64LE(at + tls_header.start)),
    session: buffer.readBigUInt64LE(at + tls_header.session),
  }
  if (buffer.readUInt16LE(at + tls_header.kind) === tls_record_kind.TLS_END) return common
  const cookie = buffer.readUInt32LE(at + tls_chunk.cookie)
  const bytes = at + tls_chunk.data
  const flags = buffer.readUInt16LE(at + tls_header.flags)
  const content = {
    ...common,
    pid,
    library: libraries[cookie & tls_cookie.TLS_LIBRARY_MASK] ?? 'openssl',
    data: buffer.subarray(bytes, bytes + buffer.readUInt32LE(at + tls_chunk.copied)),
    size: Number(buffer.readBigUInt64LE(at + tls_chunk.moved)),
  }
  if (buffer.readUInt16LE(at + tls_header.kind) === tls_record_kind.TLS_OFFER) {
    const goesOn = (flags & OFFER_GOES_ON) !== 0
    const start = buffer.readBigUInt64LE(at + tls_header.start)
    const family = Buffer.from(
      buffer.subarray(at + tls_chunk.family_start, at + tls_chunk.family_start + HTTPS_KEY_BYTES),
    )
    const sent = Number(buffer.readBigUInt64LE(at + tls_chunk.sent))
    return { ...content, data: Buffer.from(content.data), start, family, sent, goesOn }
  }
  return {
    ...content,
    direction: (cookie & tls_cookie.TLS_RECEIVED) === 0 ? 'sent' : 'received',
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
