import type { TlsLibrary } from './chunk.ts'

/** Where each field of the records of bpf/include/tls.h is, bytes. A test holds these against the object's BTF. */
export const tls_record_kind = { TLS_CHUNK: 1, TLS_END: 2, TLS_IMAGE: 3, TLS_OFFER: 4 } as const

/** struct tls_header */
export const tls_header = { kind: 0, flags: 2, tgid: 4, start: 8, time: 16, session: 24 } as const

/** struct tls_chunk */
export const tls_chunk = {
  moved: 32,
  cookie: 40,
  copied: 44,
  family_start: 48,
  family_tgid: 56,
  sent: 64,
  data: 72,
} as const

/** Flags of a TLS_OFFER's header. */
export const OFFER_GOES_ON = 2
export const OFFER_ALLOWED = 4

/** struct https_key of bpf/include/https_state.h */
export const https_key = { start: 0, tgid: 8 } as const
export const HTTPS_KEY_BYTES = 16

/** struct tls_image; its `file` is the key of the map tls_files. */
export const tls_image = { file: 32, known: 56, path_size: 60, served: 64 } as const
export const IMAGE_BYTES = 88

/** struct tls_file */
export const tls_file = { inode: 0, changed: 8, device: 16 } as const
export const FILE_BYTES = 24

export const tls_cookie = {
  TLS_LIBRARY_MASK: 0xff,
  TLS_RECEIVED: 0x100,
  TLS_COUNT_BY_POINTER: 0x200,
  TLS_COUNT_IS_INT: 0x400,
  TLS_ENDS: 0x800,
  TLS_RETURNS: 0x1000,
  TLS_GO: 0x2000,
} as const

export const tls_lost = {
  TLS_LOST_CHUNK: 0,
  TLS_LOST_IMAGE: 1,
  TLS_LOST_BEGIN: 2,
  TLS_LOST_DATA: 3,
  TLS_LOST_OFFER: 4,
} as const

/** Numbers of libraries in a cookie. */
export const libraries: readonly TlsLibrary[] = [
  'openssl',
  'node',
  'gnutls',
  'go',
  'nss',
  'boringssl',
]
