import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RunnerError } from './error.ts'
import { mapping, type Value } from './expression.ts'
import { convertActionTemplate, NoOperationTraceWriter, parseAction } from './parser.ts'
import { plainOf, type Step, stepsOf } from './workflow.ts'

/** One stage of an action: its script or entrypoint, and the condition of pre and post. */
export interface Stage {
  script: string
  if: string
}

interface ActionHead {
  /** Folder of its action.yml. */
  path: string
  /** `owner/repository` and ref; null: a local action. */
  origin: { repository: string; ref: string } | null
  /** Defaults by input. */
  inputs: Record<string, Value>
  outputs: { [key: string]: Value }
}

export type Action = ActionHead &
  (
    | { using: 'node'; pre: Stage | undefined; main: string; post: Stage | undefined }
    | { using: 'composite'; steps: Step[] }
    | {
        using: 'docker'
        image: string
        entrypoint: string | undefined
        /** Undefined: those that the step gives. */
        args: Value[] | undefined
        env: Value | undefined
        pre: Stage | undefined
        post: Stage | undefined
      }
  )

export interface ActionPlaces {
  workspace: string
  /** Where `owner/repository@ref` is, as `owner/repository/ref`; undefined: nowhere. */
  actions: string | undefined
}

/** @throws RunnerError when it is not there, or of a kind that the simulator does not run */
export function readAction(uses: string, places: ActionPlaces): Action {
  const { path, origin } = find(uses, places)
  const file = ['action.yml', 'action.yaml'].map((name) => join(path, name)).find(existsSync)
  if (file === undefined)
    throw new RunnerError(`'uses: ${uses}': there is no action.yml in ${path}`)
  const content = readFileSync(file, 'utf8')
  const { context, value } = parseAction({ name: file, content }, new NoOperationTraceWriter())
  const problems = context.errors.getErrors()
  if (value === undefined || problems.length > 0)
    throw new RunnerError(
      `${file} is no action that GitHub would take:\n${problems.map(({ message }) => `  ${message}`).join('\n')}`,
    )
  const { runs: converted } = convertActionTemplate(context, value)
  const root = mapping(plainOf(value))
  const head = {
    path,
    origin,
    inputs: Object.fromEntries(
      Object.entries(mapping(root['inputs'])).map(([name, one]) => [
        name,
        mapping(one)['default'] ?? '',
      ]),
    ),
    outputs: mapping(root['outputs']),
  }
  const runs = mapping(root['runs'])
  if (converted.using === 'composite')
    return { ...head, using: 'composite', steps: stepsOf(file, runs['steps'], converted.steps) }
  // Not among what the conversion knows in every version of it: read as it stands.
  const entry = (name: 'pre' | 'post'): Stage | undefined => {
    const script = runs[`${name}-entrypoint`]
    const condition = runs[`${name}-if`]
    if (typeof script !== 'string') return undefined
    return { script, if: typeof condition === 'string' ? condition : 'always()' }
  }
  if (converted.using === 'docker')
    return {
      ...head,
      using: 'docker',
      image: converted.image,
      entrypoint: converted.entrypoint,
      args: Array.isArray(runs['args']) ? runs['args'] : undefined,
      env: runs['env'],
      pre: entry('pre'),
      post: entry('post'),
    }
  const stage = (script: string | undefined, condition: string | undefined): Stage | undefined =>
    script === undefined ? undefined : { script: join(path, script), if: condition ?? 'always()' }
  return {
    ...head,
    using: 'node',
    pre: stage(converted.pre, converted.preIf),
    main: join(path, converted.main),
    post: stage(converted.post, converted.postIf),
  }
}

function find(
  uses: string,
  { workspace, actions }: ActionPlaces,
): Pick<ActionHead, 'path' | 'origin'> {
  if (uses.startsWith('./')) return { path: join(workspace, uses), origin: null }
  const [, owner, name, below = '', ref] = /^([^/@]+)\/([^/@]+)(\/[^@]*)?@(.+)$/.exec(uses) ?? []
  if (owner === undefined || name === undefined || ref === undefined)
    throw new RunnerError(`'uses: ${uses}' is neither ./folder nor owner/repository@ref`)
  if (actions === undefined)
    throw new RunnerError(
      `'uses: ${uses}': the simulator downloads nothing; put the action into a folder 'owner/repository/ref' and name that folder's parent as 'actions'`,
    )
  return {
    path: join(actions, owner, name, ref, below),
    origin: { repository: `${owner}/${name}`, ref },
  }
}

/** The variables that name an action which is not local. */
export function originOf({ origin }: Action): Record<string, string> {
  return origin === null
    ? {}
    : { GITHUB_ACTION_REPOSITORY: origin.repository, GITHUB_ACTION_REF: origin.ref }
}
