import type { Authority } from './certificates.ts'
import type { DnsRecords } from './dns/records.ts'
import type { ServerPlan } from './internet/protocol.ts'
import type { Service } from './record.ts'

type Ports = number | readonly number[]

/** A host of the lab's internet. */
export interface ServerOptions {
  /** Its names, put into the lab's DNS unless `dns` is false. None: it has addresses only. */
  name?: string | readonly string[]
  dns?: boolean
  /** IPv4 and IPv6 addresses; any will do, best from the documentation ranges. */
  addresses: readonly string[]
  /** What it serves at which ports. */
  ports: Partial<Record<Service, Ports>>
  /** HTTP: serve the files below this folder; a folder's answer is its index.json or index.html. */
  files?: string
  /** HTTP: bare git repositories below this folder, by `git http-backend`; a push needs an `authorization` header. */
  git?: string
  /** HTTPS: offer HTTP/2, too. */
  http2?: boolean
  /** HTTP: the body of answers; TCP: sent when a client connects. */
  greeting?: string
  /** TCP and UDP: send back what came (default true for both). */
  echo?: boolean
  /** Names and addresses of the certificate; default: the server's own. */
  certificateFor?: readonly string[]
}

/** All names of a server. */
export function namesOf(server: ServerOptions): readonly string[] {
  if (server.name === undefined) return []
  return typeof server.name === 'string' ? [server.name] : server.name
}

/** The DNS records that a server's names need. */
export function recordsOf(servers: readonly ServerOptions[]): DnsRecords {
  const records: Record<string, string[]> = {}
  for (const server of servers) {
    if (server.dns === false) continue
    for (const name of namesOf(server)) (records[name] ??= []).push(...server.addresses)
  }
  return records
}

/** One plan for each address and port of a server. */
export async function plansOf(server: ServerOptions, authority: Authority): Promise<ServerPlan[]> {
  const names = namesOf(server)
  const identity =
    server.ports.https === undefined
      ? {}
      : await authority.issue(server.certificateFor ?? [...names, ...server.addresses])
  const services = Object.entries(server.ports) as [Service, Ports][]
  return services.flatMap(([service, ports]) =>
    [ports].flat().flatMap((port) =>
      server.addresses.map((address) => ({
        server: names[0] ?? address,
        address,
        port,
        service,
        ...(service === 'https' ? identity : {}),
        ...(server.files === undefined ? {} : { files: server.files }),
        ...(server.git === undefined ? {} : { git: server.git }),
        ...(server.http2 === undefined ? {} : { http2: server.http2 }),
        ...(server.greeting === undefined ? {} : { greeting: server.greeting }),
        echo: server.echo ?? true,
      })),
    ),
  )
}
