/** Virtual machines with other kernels than this machine's, for tests. */
export { VmError, type VmErrorCode } from './error.ts'
export {
  everyKernel,
  kernelNames,
  oldestOrAll,
  partOnly,
  type Architecture,
  type Kernel,
  type KernelName,
} from './kernels.ts'
export { guestNode } from './paths.ts'
export type { CommandResult } from './port.ts'
export { ordinaryPrograms } from './programs.ts'
export type { TestResult } from './suite/collect.ts'
export type { VmFile } from './tree.ts'
export { bootVm, type RunOptions, type Vm, type VmOptions } from './vm.ts'
export { userNetworkGuest } from './user-network.ts'
