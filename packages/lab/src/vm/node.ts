import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { output } from './command.ts'
import { VmError } from './error.ts'
import type { Architecture } from './kernels.ts'
import { build, checkout } from './paths.ts'

/**
 * The node binary for a guest: this process's own, or for another architecture the one of the
 * npm package that the checkout names for it, kept in build/.
 */
export async function nodeFor(architecture: Architecture): Promise<string> {
  const npmArchitecture = architecture === 'amd64' ? 'x64' : 'arm64'
  if (process.arch === npmArchitecture) return process.execPath

  const name = `node-linux-${npmArchitecture}`
  const version = wantedVersion(name)
  const folder = `${build}/node/${name}-${version}`
  const node = `${folder}/package/bin/node`
  if (existsSync(node)) return node

  process.stderr.write(`fetching ${name} ${version}\n`)
  const unpacked = `${folder}.${process.pid}`
  mkdirSync(unpacked, { recursive: true })
  try {
    const args = ['pack', '--silent', `${name}@${version}`]
    const packed = (await output('VM_FILE_MISSING', 'npm', args, unpacked)).toString().trim()
    await output('VM_FILE_MISSING', 'tar', ['-xzf', packed], unpacked)
    rmSync(`${unpacked}/${packed}`)
    renameSync(unpacked, folder)
  } catch (error) {
    // Another process was quicker, and a guest may use what it has put there.
    if (!existsSync(node)) throw error
  } finally {
    rmSync(unpacked, { recursive: true, force: true })
  }
  return node
}

function wantedVersion(name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(`${checkout}/package.json`, 'utf8'))
  const { optionalDependencies = {} } = manifest as {
    optionalDependencies?: Record<string, string>
  }
  const version = optionalDependencies[name]
  if (version !== undefined) return version
  throw new VmError('VM_FILE_MISSING', `package.json does not say which ${name} to use`)
}
