export { AgentError, messageOf } from './errors.ts'
export { EventFile, OutputFolder } from './output.ts'
export { checkMachine, readMachine, type Check } from './preflight.ts'
export {
  BrokenOff,
  protect,
  runUnprotected,
  type Protected,
  type ProtectSettings,
} from './protect.ts'
export { examine, type Examination } from './examine.ts'
export { findAccount } from './launcher.ts'
export { Interrupted } from './signals.ts'
