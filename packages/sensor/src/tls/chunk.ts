export type TlsLibrary = 'openssl' | 'node' | 'gnutls' | 'go' | 'nss' | 'boringssl'

/**
 * What one call of a TLS library sent or received, as the program sees it: before encryption, after
 * decryption. Comes from the program's own memory: the program can have written anything there.
 */
export interface TlsChunk {
  /** CLOCK_BOOTTIME, ns, as the other records have it. */
  time: number
  execId: string
  pid: number
  library: TlsLibrary
  /** Address of the library's connection object: unique with execId while it lives. */
  session: bigint
  direction: 'sent' | 'received'
  /** The first bytes of what was moved. They are the sensor's again when onContent() returns. */
  data: Buffer
  /** Of all that the call moved, in bytes; `data` may be shorter. */
  size: number
  /** A chunk of this session before this one was lost. */
  lost: boolean
}

/**
 * What a call is about to send: unless the kernel has allowed it, its process has been stopped, and goes on or ends by whoever
 * decides. No chunk follows; how much was sent is in the next offer. Where it was less, the rest may be offered again.
 */
export interface TlsOffer {
  time: number
  execId: string
  pid: number
  /** Of the process, CLOCK_BOOTTIME ns. */
  start: bigint
  /** Who the kernel counts it to, with its connections: the process or one that forked it, as a struct https_key. */
  family: Buffer
  library: TlsLibrary
  session: bigint
  data: Buffer
  size: number
  /** What earlier calls of the session have sent, bytes. */
  sent: number
  /** More of the same call follows. */
  goesOn: boolean
  /** The kernel knows that the rules allow it: nobody waits. */
  allowed: boolean
}

/** The library let go of a connection object: its address may come again for another one. */
export interface TlsEnd {
  time: number
  execId: string
  session: bigint
}
