import type { Row } from '../case.ts'
import { addresses } from './06-addresses.ts'
import { allowedHosts } from './25-allowed-hosts.ts'
import { answers } from './04-answers.ts'
import { buildLog } from './30-build-log.ts'
import { datagrams } from './11-datagrams.ts'
import { dnsTunnel } from './01-dns-tunnel.ts'
import { firstBytes } from './08-first-bytes.ts'
import { floods } from './27-floods.ts'
import { icmp } from './12-icmp.ts'
import { ioUring } from './15-io-uring.ts'
import { lookAlikes } from './10-look-alikes.ts'
import { metadata } from './24-metadata.ts'
import { namesByOtherWays } from './22-names-by-other-ways.ts'
import { namespaces } from './18-namespaces.ts'
import { otherDns } from './02-other-dns.ts'
import { ownTls } from './26-own-tls.ts'
import { packets } from './16-packets.ts'
import { plainHttp } from './09-plain-http.ts'
import { pretending } from './23-pretending.ts'
import { privileges } from './29-privileges.ts'
import { rawSockets } from './13-raw.ts'
import { rebinding } from './05-rebinding.ts'
import { resolvers } from './03-resolvers.ts'
import { sharedAddress } from './07-shared-address.ts'
import { sockets } from './17-sockets.ts'
import { tampering } from './21-tampering.ts'
import { containers } from './19-containers.ts'
import { virtualMachine } from './20-virtual-machine.ts'
import { time } from './28-time.ts'
import { transports } from './14-transports.ts'

/** Every row of the list of ways round, in its order. */
export const rows: readonly Row[] = [
  dnsTunnel,
  otherDns,
  resolvers,
  answers,
  rebinding,
  addresses,
  sharedAddress,
  firstBytes,
  plainHttp,
  lookAlikes,
  datagrams,
  icmp,
  rawSockets,
  transports,
  ioUring,
  packets,
  sockets,
  namespaces,
  containers,
  virtualMachine,
  tampering,
  namesByOtherWays,
  pretending,
  metadata,
  allowedHosts,
  ownTls,
  floods,
  time,
  privileges,
  buildLog,
]
