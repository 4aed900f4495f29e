import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename } from 'node:path'
import { output } from './command.ts'
import { build, checkout, guestCheckout } from './paths.ts'
import type { VmFile } from './tree.ts'

/** This machine's native binding; its libraries are looked up, it itself comes with the checkout. */
export const binding = `${checkout}/packages/libbpf/build/linux-${process.arch}/libbpf.node`

/**
 * Brings up to date what guests cannot build themselves: kernel programs, binding, JavaScript, tests' objects. All of
 * it for every architecture, and by one process at a time: what another one copies into its guest must not change.
 */
export async function buildCheckout(): Promise<void> {
  const makes = [
    'scripts/bootstrap',
    'make -s -C packages/libbpf/native fixtures',
    ...(process.arch === 'x64' ? ['make -s -C packages/libbpf/native ARCH=arm64'] : []),
  ]
  mkdirSync(build, { recursive: true })
  const script = `cd "$0" && ${makes.join(' && ')}`
  await output('VM_FILE_MISSING', 'flock', [`${build}/checkout.lock`, 'sh', '-c', script, checkout])
}

/** Folders that no guest has a use for: other packages' pages, downloads, results of tests. */
const left = new Set(['node_modules', 'web', 'coverage', '.git'])

const skip = (path: string) => left.has(basename(path))

const plain = new Map<string, Uint8Array>()

/**
 * A source without its types. Node takes them off by WebAssembly, which emulated takes longer than the test itself,
 * and has crashed (docs/gotchas.md): suite/plain.js loads them as they are here.
 */
function withoutTypes(path: string): Uint8Array | undefined {
  if (!path.endsWith('.ts')) return undefined
  const known = plain.get(path)
  if (known !== undefined) return known
  const made = Buffer.from(stripTypeScriptTypes(readFileSync(path, 'utf8')))
  plain.set(path, made)
  return made
}

/**
 * The checkout as a guest needs it: our packages with what was built of them, the kernel programs, the JavaScript
 * that the command starts with, and the npm packages that they and their tests import.
 */
export function checkoutFiles(): VmFile[] {
  const files: VmFile[] = ['package.json', 'packages', 'bpf'].map((name) => ({
    path: `${guestCheckout}/${name}`,
    from: `${checkout}/${name}`,
    skip,
    made: withoutTypes,
  }))
  files.push({ path: `${guestCheckout}/build/js`, from: `${build}/js` })
  // Everything is built by the time that a guest starts, and it has no compiler.
  files.push({ path: '/usr/local/bin/make', content: '#!/bin/sh\n', mode: 0o755 })
  const packages = readdirSync(`${checkout}/packages`).filter((name) => !left.has(name))
  for (const name of packages) {
    files.push({
      path: `${guestCheckout}/node_modules/@runwarden/${name}`,
      link: `../../packages/${name}`,
    })
  }
  const manifests = packages.map((name) => `${checkout}/packages/${name}/package.json`)
  // All that vitest's assertions load of its bundler.
  for (const name of ['vite/package.json', 'vite/dist/node/module-runner.js']) {
    files.push({
      path: `${guestCheckout}/node_modules/${name}`,
      from: `${checkout}/node_modules/${name}`,
    })
  }
  for (const name of importable([...manifests.flatMap(dependencies), 'vitest'])) {
    files.push({
      path: `${guestCheckout}/node_modules/${name}`,
      from: `${checkout}/node_modules/${name}`,
    })
  }
  return files
}

/** These npm packages and those that they depend on, of what is installed. */
function importable(names: readonly string[]): Set<string> {
  const found = new Set<string>()
  const visit = (name: string) => {
    const manifest = `${checkout}/node_modules/${name}/package.json`
    if (found.has(name) || name === 'vite' || !existsSync(manifest)) return
    found.add(name)
    for (const needed of dependencies(manifest)) visit(needed)
  }
  for (const name of names) if (!name.startsWith('@runwarden/')) visit(name)
  return found
}

function dependencies(manifest: string): string[] {
  if (!existsSync(manifest)) return []
  const parsed = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies?: object }
  return Object.keys(parsed.dependencies ?? {})
}
