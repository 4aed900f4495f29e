/** A destination for a person: as a policy writes it, or in words where no policy can name it. */
export function placeOf(to: {
  host: string | null
  address: string
  port: number
  protocol: string
}): string {
  const endpoint = endpointOf(to)
  if (endpoint !== null) return endpoint
  const place = to.host ?? (to.address === '' ? 'socket' : to.address)
  return `${to.protocol} ${place}${to.port === 0 ? '' : `:${to.port}`}`
}

/** Whether a policy can name it: what was asked for may hold any bytes. */
export function isHostName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/i.test(name)
}

/** The line of a policy that allows a destination; null: none can (raw sockets, protocols without ports, impossible names). */
export function endpointOf(to: {
  host: string | null
  address: string
  port: number
  protocol: string
}): string | null {
  if (to.protocol !== 'tcp' && to.protocol !== 'udp') return null
  const scheme = to.protocol === 'udp' ? 'udp://' : ''
  if (to.host !== null) return isHostName(to.host) ? `${scheme}${to.host}:${to.port}` : null
  if (to.address === '') return null
  return `${scheme}${to.address.includes(':') ? `[${to.address}]` : to.address}:${to.port}`
}
