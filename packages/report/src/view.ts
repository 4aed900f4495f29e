/** What the report page shares with the other renderings. No module of this needs Node or zod. */
export { isLoopbackText as isLoopback } from '@runwarden/policy/address'
export { endpointOf, isHostName, placeOf } from './address.ts'
export { neededLines } from '@runwarden/policy/needed-lines'
export { lacking, policyEntry, type Lacking } from './allowable.ts'
export { bySeverity, byWeight } from './order.ts'
export { grantedBeside } from './permissions.ts'
export {
  bytes,
  changeWords,
  counted,
  duration,
  grouped,
  missing,
  noFile,
  opaqueWords,
  statusesOf,
  toldBy,
  unhashedWords,
  Who,
} from './wording.ts'
