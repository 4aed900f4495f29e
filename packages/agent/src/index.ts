export { inTurn } from '@runwarden/sensor'
export { type Baseline, destinationOf } from './baseline.ts'
export { AgentError, errnoOf, messageOf } from './errors.ts'
export { makeFolders, OutputFolder } from './output.ts'
export { RotatingEvents, type Rotation, serviceRotation } from './rotating-events.ts'
export { uncountedPrograms } from './programs.ts'
export { checkMachine, readMachine, type Check } from './preflight.ts'
export {
  BrokenOff,
  notRun,
  protect,
  runUnprotected,
  type Protected,
  type ProtectSettings,
} from './protect.ts'
export { examine, type Examination } from './examine.ts'
export { hardenMachine, restoreMachine, type MachineHardening } from './harden/machine.ts'
export { findAccount, type Inherited } from './launcher.ts'
export { Interrupted } from './signals.ts'
export { cgroupPath, findCgroup, scopeName } from './service/cgroups.ts'
export { AgentService, type ServiceSettings } from './service/service.ts'
export type { ScopeRecord, ScopeSettings } from './service/scope-settings.ts'
export { Jobs } from './jobs/jobs.ts'
export { JobSocket } from './jobs/socket.ts'
export { orphans } from './service/state.ts'
export { masksIn } from './secrets/masks.ts'
export { type KnownSecret, mostSecrets, shortestSecret } from './secrets/scanner.ts'
export { workerFile } from './steps.ts'
export { githubFacts, readGranted } from './https/github-facts.ts'
