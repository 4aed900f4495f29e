import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'

/** For the threads of this process: what it has itself, and where compiled code is kept, which they do not know by themselves. */
export function threadEnvironment(): NodeJS.ProcessEnv {
  const compiled = getCompileCacheDir()
  // It names the folder of this version of node in that of the cache.
  return compiled === undefined
    ? process.env
    : { ...process.env, NODE_COMPILE_CACHE: dirname(compiled) }
}
