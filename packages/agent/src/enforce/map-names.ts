import { NARROWING_MAPS } from './narrowings.ts'

/** What a destination is decided by. */
const DECISION_MAPS = [
  'policy_state',
  'policies',
  'grant_hosts_0',
  'grant_hosts_1',
  'grants_0',
  'grants_1',
  'single_ports_0',
  'single_ports_1',
  'grant_ports_0',
  'grant_ports_1',
  'blocked_hosts_0',
  'blocked_hosts_1',
  'blocked_0',
  'blocked_1',
  'learned',
  'names',
  'name_ids',
  'led',
  'dns_client',
  'flows',
  'renewed_flows',
  'sockets',
  'exempt_cgroups',
  'exempt_processes',
  'exempt_sockets',
  'narrowed_rules_0',
  'narrowed_rules_1',
] as const

/** What the enforcement of HTTPS rules knows together with the probes on TLS libraries. */
export const HTTPS_MAPS = [
  'https_offers',
  'https_grants',
  'https_seen',
  'https_state',
  'https_asking',
  'https_carried',
] as const

/** For the probes on TLS libraries, which hold what no rule allows. */
export const SHARED_WITH_TLS = [...HTTPS_MAPS, 'exempt_processes', 'exempt_cgroups'] as const

/** What stays in force without an agent, and is taken over by the next one. */
export const PINNED_MAPS = [
  ...DECISION_MAPS,
  'blocked_names_0',
  'blocked_names_1',
  ...HTTPS_MAPS,
  'https_sockets',
] as const

/** All maps of link.bpf.c but its own, and the rings: a test holds this against the object. */
export const SHARED_MAPS = [
  ...DECISION_MAPS,
  ...NARROWING_MAPS,
  'epoch',
  'attempts_0',
  'attempts_1',
  'attempts_made',
] as const
