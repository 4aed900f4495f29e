import { z } from 'zod'
import { base, decided, size } from './base.ts'
import { Truth } from './words.ts'

/** Which TLS library a program has used. */
export const TlsLibrary = z.enum(['openssl', 'node', 'gnutls', 'go', 'nss', 'boringssl'])

/**
 * A request, told when its head was sent. Read in the memory of the program before it was encrypted: what it says
 * is what the program says. Query, header values and bodies are never kept.
 */
export const HttpRequest = z.object({
  ...base,
  ...decided,
  kind: z.literal('http.request'),
  method: z.string(),
  scheme: z.enum(['http', 'https']),
  /** In lower case, with a port other than the scheme's own; empty: the request names none. */
  host: z.string(),
  /** Without the query, which holds secrets. */
  path: z.string(),
  /** Of git's first request to a repository: whether it is to fetch (`git-upload-pack`) or to push. */
  gitService: z.enum(['git-upload-pack', 'git-receive-pack']).optional(),
  version: z.enum(['1.0', '1.1', '2']),
  library: TlsLibrary,
  /** Whose token it carries, by the token's shape: `installation` is what GITHUB_TOKEN is; null: it carries none. */
  authorization: z.enum(['installation', 'personal', 'other']).nullable(),
  truth: Truth,
})

/** What came of a request: told when both sides are through, or when nothing more will be known of it. */
export const HttpResponse = z.object({
  ...base,
  kind: z.literal('http.response'),
  /** `seq` of the request. */
  request: z.int(),
  /** Null: no response was seen. */
  status: z.int().min(0).max(999).nullable(),
  /** Of the bodies as they were transferred (compressed). */
  requestBytes: size,
  responseBytes: size,
  /** The fields of a GraphQL mutation, by name, e.g. `addComment`; null: it was none, or could not be read. */
  mutations: z.array(z.string()).nullable(),
  /** Repositories that the mutation names, `owner/name` in lower case. Most mutations name what they change by an id. */
  repositories: z.array(z.string()).optional(),
})

/** HTTPS traffic, or what may be, whose content was not read. Told when the connection ends. */
export const HttpOpaque = z.object({
  ...base,
  kind: z.literal('http.opaque'),
  /** Null: no library that can be read was seen in the program. */
  library: TlsLibrary.nullable(),
  /** See docs/events.md. */
  reason: z.enum([
    'not-http',
    'malformed',
    'limits',
    'cut',
    'lost',
    'upgraded',
    'tunnel',
    'evicted',
    'no-library',
    'late',
    'quic',
  ]),
  /** Which was asked before, or that the connection was made to, with a port other than 443; null: none is known. */
  host: z.string().nullable(),
  connections: z.int().min(1),
  /** That were not read; where no library is known, of IP packets, and only those sent. */
  bytesSent: size,
  bytesReceived: size,
})
