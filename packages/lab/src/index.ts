export { resolvers } from './dns/dnsmasq.ts'
export { stubAddress } from './dns/stub.ts'
export type { DnsRecord, DnsRecords } from './dns/records.ts'
export { LabError, type LabErrorCode } from './error.ts'
export { linkAddresses } from './internet/link.ts'
export { Lab, startLab, type LabOptions } from './lab.ts'
export type { DnsQueryRecord, HttpRecord, PacketRecord, ServerRecord, Service } from './record.ts'
export type { ExecOptions, ExecResult, StartOptions } from './runner-side.ts'
export type { ServerOptions } from './server-plan.ts'
export {
  makeRegistry,
  type PlantedPackage,
  type Registry,
  type RegistryOptions,
} from './registry/registry.ts'
export type { Manifest } from './registry/tree.ts'
