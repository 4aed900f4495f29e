/**
 * How much one connection, and all of them together, may cost. What goes beyond is not followed any
 * further: it is counted as opaque, with the reason `limits`. The numbers are several times what
 * servers accept by default (nginx, Apache, Node: heads of 8 to 32 KiB, HPACK tables of 4 KiB).
 */

/** Bytes of one HTTP/1 start line, and of a header line that is read. */
export const MAX_LINE = 16_384
/** Bytes of all lines of one HTTP/1 head or trailer. */
export const MAX_HEAD = 262_144
/** Requests of one HTTP/1 connection that wait for their response. */
export const MAX_PIPELINED = 256
/** Bytes of one HTTP/2 header block, compressed. */
export const MAX_HEADER_BLOCK = 65_536
/** Bytes of one HPACK dynamic table, as RFC 7541 §4.1 counts them. */
export const MAX_TABLE = 65_536
/** Streams of one HTTP/2 connection that are open; beyond, the oldest is told with what is known of it. */
export const MAX_STREAMS = 1024
/** Bytes of a path that are kept; the rest is cut. */
export const MAX_PATH = 2048
/** Bytes of a value that are looked at. */
export const MAX_VALUE = 4096
/** Connections followed at once; beyond, the one that was silent longest is told as opaque. */
export const MAX_SESSIONS = 8192
/** Bytes held for all connections: unfinished heads and HPACK tables. */
export const MAX_HELD = 64 * 1024 * 1024
/** Bytes that came before it was known who is the client. */
export const MAX_EARLY = 4096
