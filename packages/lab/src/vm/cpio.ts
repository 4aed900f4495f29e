import { closeSync, openSync, writeSync } from 'node:fs'
import { contentOf, type Tree } from './tree.ts'

const types = { folder: 0o040000, file: 0o100000, link: 0o120000 } as const
const padding = Buffer.alloc(4)

/**
 * Writes a tree in the "new ASCII" cpio format that the kernel unpacks at boot, owned by root
 * (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst).
 */
export function writeCpio(tree: Tree, file: string): void {
  const out = openSync(file, 'w', 0o600)
  try {
    let inode = 1
    const write = (path: string, mode: number, content: Uint8Array, changed = 0) => {
      const name = Buffer.from(`${path.slice(1)}\0`)
      const fields = [inode++, mode, 0, 0, 1, changed, content.length, 0, 0, 0, 0, name.length, 0]
      const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
      writeAll(out, Buffer.concat([Buffer.from(header), name, pad(header.length + name.length)]))
      writeAll(out, content)
      writeAll(out, pad(content.length))
    }
    for (const [path, entry] of tree.entries) {
      if (entry.kind === 'folder') write(path, types.folder | 0o755, padding.subarray(4))
      else if (entry.kind === 'link') write(path, types.link | 0o777, Buffer.from(entry.target))
      else write(path, types.file | entry.mode, contentOf(entry), entry.changed)
    }
    write('/TRAILER!!!', 0, padding.subarray(4))
  } finally {
    closeSync(out)
  }
}

function pad(length: number): Uint8Array {
  return padding.subarray(0, (4 - (length % 4)) % 4)
}

function writeAll(out: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(out, bytes, done)
}
