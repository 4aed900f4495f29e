import { execFileSync } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const repository = join(import.meta.dirname, '../../..')

/** The action as a release has it, of this checkout, for one architecture, in a folder. */
export function makeAction(folder: string, target: string = process.arch): void {
  const into = join(folder, 'dist/action')
  const binding =
    target === process.arch ? '' : `make -s -C packages/libbpf/native ARCH=${target} &&`
  const tree = `mkdir -p "$1" && scripts/bootstrap && ${binding} scripts/bundle-tree "$1/agent" ${target}`
  execFileSync('flock', [join(repository, 'build/checkout.lock'), 'sh', '-c', tree, 'sh', into], {
    cwd: repository,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  cpSync(join(repository, 'build/action'), into, { recursive: true })
  cpSync(join(repository, 'action.yml'), join(folder, 'action.yml'))
  writeFileSync(join(into, 'package.json'), '{ "type": "module" }\n')
}
