/** How values stand in the index's dictionary, where only beginnings can be looked for. */

/** Names of hosts and programs are known by their ends: `*.example.org`, or `curl` in whatever folder. */
export const reversed = (text: string): string => [...text].toReversed().join('')

export const hostKey = (host: string): string => reversed(host.toLowerCase().replace(/\.$/, ''))

/** The method last: calls of one address are together, whatever they do. */
export const apiKey = (method: string, host: string, path: string): string =>
  `${host.toLowerCase()}${path} ${method}`
