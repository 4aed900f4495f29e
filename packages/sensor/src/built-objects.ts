import { fileURLToPath } from 'node:url'

/** Folder of the BPF objects that were built for this machine's architecture. */
export function builtObjects(): string {
  return fileURLToPath(new URL(`../../../bpf/build/${process.arch}`, import.meta.url))
}
