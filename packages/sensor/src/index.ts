export { BootClock, bootClock, bootId, execId } from './identity.ts'
export type {
  ConnectRecord,
  AskedRecord,
  ContainedRecord,
  ExecRecord,
  ExitRecord,
  FileAction,
  FileRecord,
  ForkRecord,
  RecordBase,
  RunningRecord,
  SandboxChange,
  SandboxRecord,
  SensorRecord,
  StepRecord,
  WorkerRecord,
} from './record.ts'
export { type ScopeIdentity, scopeIdentity } from './scope.ts'
export { type SensitivePlace, sensitivePlaces } from './sensitive.ts'
export { builtObjects } from './built-objects.ts'
export { everyLook, inTurn, keepLooking, LOOK_MS } from './looks.ts'
export { type OpenSensor, openSensor, STEP_MAPS } from './open-sensor.ts'
export { type KnownWorker, Sensor, type SensorOptions, startSensor } from './sensor.ts'
export type { ContainerRights } from './decode/container.ts'
export { readEnvironment } from './decode/step.ts'
export { mountsOf, openNamedFile, openProcessFile } from './served.ts'
export { guard_act } from './guard-acts.ts'
export { leaverSocketHook } from './hooks.ts'
export { kernelIdentity, mountDevices } from './watch.ts'
export type { TlsChunk, TlsEnd, TlsLibrary, TlsOffer } from './tls/chunk.ts'
export {
  openTlsPrograms,
  startTlsCapture,
  TlsCapture,
  type TlsCaptureOptions,
  type TlsLost,
  type TlsUnseen,
  type TlsUse,
} from './tls/capture.ts'
export { LogCapture, type LogChunk } from './log/capture.ts'
