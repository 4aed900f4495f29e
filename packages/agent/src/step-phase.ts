import { closeSync, fstatSync, readSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { openNamedFile } from '@runwarden/sensor'

/** Which stage of its action a step's process is: GITHUB_ACTION is the same in all three. */
export type Phase = 'pre' | 'main' | 'post'

/** The root process of a step, as its worker started it. */
export interface StepRoot {
  /** GITHUB_ACTION. */
  action: string
  /** GITHUB_ACTION_REPOSITORY; null: a script, or an action of the job's own repository. */
  repository: string | null
  /** GITHUB_ACTION_REF */
  ref: string
  /** GITHUB_ACTION_PATH is set: it is within a composite action. */
  within: boolean
  argv: readonly string[]
  /** There was more of it. */
  truncated: boolean
}

/** Keys of `runs:` by their stage. */
type Runs = Map<string, string>

/** More than an action.yml has. */
const BYTES = 128 * 1024
/** Folders above a script that may be its action's. */
const ABOVE = 8
/** Action files that are remembered. */
const KEPT = 512
/** How the runner mounts the home of a container action: what is in front is its work folder. */
const HOME = '/_temp/_github_home:/github/home'

/**
 * Tells the stages of one job's steps apart, as the runner makes them: it runs `pre`, `main` or `post` of action.yml (or a
 * container with `pre-entrypoint` or `post-entrypoint`), all pre before the first main, and all post behind the last one.
 * What cannot be known is null. An action.yml belongs to the job: what it says is what it says.
 */
export class Phases {
  readonly #files = new Map<string, Runs | null>()
  readonly #seen = new Map<string, Phase>()
  /** The last that was known of any step. */
  #job: Phase = 'pre'

  of(root: StepRoot): Phase | null {
    const phase = this.#find(root)
    if (phase === null) return null
    if (!root.within) this.#seen.set(root.action, phase)
    if (phase !== 'pre' && this.#job !== 'post') this.#job = phase
    return phase
  }

  #find(root: StepRoot): Phase | null {
    const { action, repository, within, argv } = root
    if (repository !== null && isEngine(argv)) return this.#ofContainer(root)
    const stages = this.#stagesOf(argv)
    const [only, ...more] = stages
    if (only !== undefined && more.length === 0) return only
    const seen = within ? undefined : this.#seen.get(action)
    if (only === undefined) {
      // A script has no other stage; an action of the repository has no pre: it is not there yet.
      if (repository === null && !within) return seen === undefined ? 'main' : 'post'
      return repository === null && !isEngine(argv) ? 'main' : null
    }
    // One file for several stages.
    if (this.#job === 'post' && stages.includes('post')) return 'post'
    if (within) return null
    if (seen === 'main') return stages.includes('post') ? 'post' : null
    if (seen === undefined && stages.includes('pre') && this.#job === 'pre') return 'pre'
    return stages.includes('main') ? 'main' : null
  }

  /** The entrypoint tells; where the runner gives none, it is the image's own: of main. */
  #ofContainer({ repository, ref, argv, truncated }: StepRoot): Phase | null {
    // `docker exec`: a script of an action in the job's container, whose files are elsewhere.
    if (argv[1] !== 'run') return null
    const at = argv.indexOf('--entrypoint')
    if (at < 0) return truncated ? null : 'main'
    const home = argv.find((word) => word.endsWith(HOME))
    const work = home?.slice(0, -HOME.length)
    const runs = work === undefined ? null : this.#read(`${work}/_actions/${repository}/${ref}`)
    if (runs === null) return null
    const stages = (['pre', 'post'] as const).filter(
      (stage) => runs.get(`${stage}-entrypoint`) === argv[at + 1],
    )
    const [only, ...more] = stages
    if (more.length > 0 || (only !== undefined && runs.get('entrypoint') === argv[at + 1]))
      return null
    return only ?? 'main'
  }

  /** The stages whose file an action.yml above it names, in the very words that the runner puts together. */
  #stagesOf(argv: readonly string[]): Phase[] {
    const script = argv[1] ?? ''
    if (!script.startsWith('/')) return []
    let folder = dirname(script)
    for (let above = 0; above < ABOVE && folder !== '/'; above++, folder = dirname(folder)) {
      const stages = this.#read(folder)
      if (stages === null) continue
      const named = (['pre', 'main', 'post'] as const).filter((stage) => {
        const file = stages.get(stage)
        return file !== undefined && `${folder}/${file}` === script
      })
      if (named.length > 0) return named
    }
    return []
  }

  #read(folder: string): Runs | null {
    const known = this.#files.get(folder)
    if (known !== undefined) return known
    const text = readSmall(`${folder}/action.yml`) ?? readSmall(`${folder}/action.yaml`)
    const found = text === undefined ? null : scriptsOf(text)
    if (this.#files.size >= KEPT) this.#files.clear()
    this.#files.set(folder, found)
    return found
  }
}

/** The client of a container engine. */
export function isEngine(argv: readonly string[]): boolean {
  return ['docker', 'podman'].includes(basename(argv[0] ?? ''))
}

/** The stages' files and entrypoints below `runs:`, block or flow style. A line is enough: they are paths. */
function scriptsOf(text: string): Runs {
  const scripts: Runs = new Map()
  const runs = /^runs:[^\n]*(?:\n(?:[ \t][^\n]*|#[^\n]*|)(?=\n|$))*/m.exec(text)?.[0] ?? ''
  const line =
    /(?:^[ \t]+|[{,][ \t]*)((?:pre|main|post)|(?:pre-|post-)?entrypoint):[ \t]+(?:"([^"\n]*)"|'([^'\n]*)'|([^\s,}#]+))/gm
  for (const [, stage = '', double, single, bare] of runs.matchAll(line))
    scripts.set(stage, double ?? single ?? bare ?? '')
  return scripts
}

/** A small regular file; undefined: it is none. Nothing in the job's folders can hold the reader up. */
function readSmall(path: string): string | undefined {
  let file
  try {
    file = openNamedFile({ path, follow: true })
    if (file === undefined) return undefined
    const { size } = fstatSync(file)
    if (size > BYTES) return undefined
    const bytes = Buffer.alloc(size)
    return bytes.toString('utf8', 0, readSync(file, bytes))
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
