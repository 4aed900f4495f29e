export { cgroupNamespace, connectFromCgroup, programsOnCgroup } from './cgroup.ts'
export { destroyTcpSocket, type TcpSocket } from './destroy.ts'
export { BpfError, type BpfStep } from './error.ts'
export { Link, openPinnedLink } from './link.ts'
export { dropFilePages, refuseCoreDumps } from './memory.ts'
export { BpfMap, type MapEntries, openMapById, openPinnedMap } from './map.ts'
export {
  BpfObject,
  classifier,
  detachClassifier,
  isFirst,
  openObject,
  type OpenOptions,
  type Program,
  type Target,
} from './object.ts'
export {
  bindingPath,
  cgroupViewPath,
  confinePath,
  endHeldPath,
  enterPath,
  nosuidPath,
  roadsPath,
} from './native.ts'
export { NetlinkListener, type NetlinkMessage } from './netlink.ts'
export { copyAttributes, keptStat, lockFile, openEntry, openKnownPath } from './path.ts'
export { bindIn, netnsCookie, ownNetnsCookie, peerCredentials, type Peer } from './socket.ts'
export { RingReader, type RingReaderOptions } from './ring.ts'
export { closeUprobes, type UprobePlaces, Uprobes } from './uprobes.ts'
