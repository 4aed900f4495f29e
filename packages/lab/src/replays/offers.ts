import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Adds to the files of a registry what pip, go, apt and git fetch: all of it made here.
 * @returns folder of the git repositories
 */
export function makeOffers(files: string): string {
  const script = fileURLToPath(new URL('offers.sh', import.meta.url))
  execFileSync('bash', [script], { cwd: files, stdio: ['ignore', 'ignore', 'inherit'] })
  return `${files}/git`
}
