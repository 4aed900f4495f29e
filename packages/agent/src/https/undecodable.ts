/** Why content is not known. */
export type OpaqueReason =
  /** It is not HTTP. */
  | 'not-http'
  /** It breaks the protocol's rules, or can be read in more than one way. */
  | 'malformed'
  /** It is larger than what is followed (limits.ts). */
  | 'limits'
  /** A call moved more bytes than were captured, and what they were could not be told from the rest. */
  | 'cut'
  /** A captured call was lost on its way. */
  | 'lost'
  /** The connection changed to another protocol, e.g. WebSocket. */
  | 'upgraded'
  /** The connection became a tunnel (CONNECT). */
  | 'tunnel'
  /** The connection was left for others: too many were open. */
  | 'evicted'
  /** No TLS library that can be read was seen in the program. */
  | 'no-library'
  /** The library was found when the program ran already: what it did before was not seen. */
  | 'late'
  /** HTTP/3: QUIC is not read. */
  | 'quic'

/** Bytes that a decoder can't follow any further. */
export class Undecodable extends Error {
  readonly code = 'UNDECODABLE'
  readonly reason: OpaqueReason

  constructor(reason: OpaqueReason, message: string) {
    super(message)
    this.name = 'Undecodable'
    this.reason = reason
  }
}
