import { readParts } from './endpoint-parts.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import { PolicyError } from './error.ts'
import type { Where } from './error.ts'
import { nearestEndpoint } from './nearest-endpoint.ts'

/** One allowed destination, as a policy or an allow-list names it. */
export interface Endpoint extends EndpointParts {
  /** As it was written. */
  readonly text: string
  readonly where: Where
}

/** Why a text is no endpoint, and the nearest one. */
export interface EndpointFault {
  readonly what: string
  readonly nearest: string | null
}

/**
 * Reads one endpoint: `host`, `host:port`, `host:from-to`, with `udp://` or `tcp://` in front;
 * host is a name, a wildcard, an IPv4 address or block, or an IPv6 address or block in brackets.
 * TCP and port 443 are the defaults.
 * @throws PolicyError that says where, what and the nearest valid form
 */
export function parseEndpoint(
  text: string,
  where: Where = { file: 'endpoint', line: 1, column: 1 },
): Endpoint {
  const parts = readEndpoint(text)
  if ('what' in parts) throw new PolicyError([{ ...where, text, ...parts }])
  return { ...parts, text, where }
}

/** parseEndpoint without the exception, for callers that collect all faults of a text. */
export function readEndpoint(text: string): EndpointParts | EndpointFault {
  const parts = readParts(text)
  if (typeof parts === 'string') return { what: parts, nearest: nearestEndpoint(text) }
  return parts
}
