import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { RunnerError } from './error.ts'
import { Expression, mapping, type Value } from './expression.ts'
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from './parser.ts'

/** One entry of `steps:`, in a job or in a composite action. */
export interface Step {
  /** `id:`, or what GitHub makes of it: `__run`, `__run_2`, `__self`, `__actions_checkout`. */
  id: string
  name: Value | undefined
  if: string
  env: Value | undefined
  continueOnError: Value | undefined
  run: Value | undefined
  shell: string | undefined
  workingDirectory: Value | undefined
  uses: string | undefined
  with: Value | undefined
  timeoutMinutes: number | undefined
}

export interface Container {
  image: Value
  env: Value | undefined
  volumes: Value | undefined
  options: Value | undefined
}

export interface Job {
  id: string
  env: Value | undefined
  shell: string | undefined
  workingDirectory: Value | undefined
  outputs: Value | undefined
  container: Container | undefined
  steps: Step[]
}

export interface Workflow {
  name: string
  env: Value | undefined
  jobs: Job[]
}

/** A token of GitHub's parsers, as far as it is looked at: by the names of its classes' own fields. */
interface Token {
  readonly templateTokenType: number
  readonly value?: string | number | boolean
  readonly expression?: string
  readonly count?: number
  get?(index: number): unknown
}

/** Token types of the parser: its enum is not among its exports. */
const SEQUENCE = 1
const MAPPING = 2
const EXPRESSION = 3
const INSERT = 4
const NULL = 7

/** Tokens as plain values, expressions kept apart. */
export function plainOf(token: unknown): Value {
  const { templateTokenType: type, value, expression, count = 0, ...rest } = readToken(token)
  const at = (index: number): unknown => rest.get(index)
  if (type === NULL) return null
  if (type === EXPRESSION) return new Expression(expression ?? '')
  if (type === INSERT) throw new RunnerError('${{ insert }} is not supported by the simulator')
  if (type === SEQUENCE) return Array.from({ length: count }, (_, index) => plainOf(at(index)))
  if (type !== MAPPING) return value ?? ''
  const pairs = Array.from({ length: count }, (_, index) => at(index) as Record<string, unknown>)
  return Object.fromEntries(
    pairs.map((pair) => [String(readToken(pair['key']).value), plainOf(pair['value'])]),
  )
}

function readToken(token: unknown): Required<Pick<Token, 'get'>> & Token {
  const one = token as Token
  return {
    templateTokenType: one.templateTokenType,
    ...(one.value === undefined ? {} : { value: one.value }),
    ...(one.expression === undefined ? {} : { expression: one.expression }),
    ...(one.count === undefined ? {} : { count: one.count }),
    get: (index) => one.get?.(index),
  }
}

/**
 * Reads and checks a workflow as GitHub does.
 * @throws RunnerError with every problem, by line and column
 */
export async function readWorkflow(path: string): Promise<Workflow> {
  const content = readFileSync(path, 'utf8')
  const file = { name: basename(path), content }
  const { context, value } = parseWorkflow(file, new NoOperationTraceWriter())
  if (value === undefined) throw problems(path, context.errors.getErrors())
  const template = await convertWorkflowTemplate(context, value)
  const errors = context.errors.getErrors()
  if (errors.length > 0) throw problems(path, errors)
  const root = mapping(plainOf(value))
  const defaults = mapping(mapping(root['defaults'])['run'])
  const jobs = mapping(root['jobs'])
  return {
    name: typeof root['name'] === 'string' ? root['name'] : basename(path),
    env: root['env'],
    jobs: template.jobs.map((job) => {
      const id = job.id.value
      const raw = mapping(jobs[id])
      if (job.type !== 'job')
        throw unsupported(path, `job '${id}' calls a reusable workflow (uses:)`)
      for (const key of ['strategy', 'services'])
        if (raw[key] !== undefined) throw unsupported(path, `job '${id}' has '${key}:'`)
      const own = { ...defaults, ...mapping(mapping(raw['defaults'])['run']) }
      return {
        id,
        env: raw['env'],
        shell: optionalText(own['shell']),
        workingDirectory: own['working-directory'],
        outputs: raw['outputs'],
        container: containerOf(raw['container']),
        steps: stepsOf(path, raw['steps'], job.steps),
      }
    }),
  }
}

/** Joins what the conversion has worked out (id, condition) with what it leaves out. */
export function stepsOf(
  path: string,
  raw: Value | undefined,
  converted: readonly object[],
): Step[] {
  return (Array.isArray(raw) ? raw : []).map((one, index) => {
    const step = mapping(one)
    for (const key of ['background', 'wait', 'wait-all', 'cancel', 'parallel'])
      if (step[key] !== undefined) throw unsupported(path, `step ${index + 1} has '${key}:'`)
    const { id, if: condition } = converted[index] as { id: string; if?: unknown }
    const timeout = step['timeout-minutes']
    return {
      id,
      name: step['name'],
      if: condition === undefined ? 'success()' : (readToken(condition).expression ?? 'success()'),
      env: step['env'],
      continueOnError: step['continue-on-error'],
      run: step['run'],
      shell: optionalText(step['shell']),
      workingDirectory: step['working-directory'],
      uses: optionalText(step['uses']),
      with: step['with'],
      timeoutMinutes: typeof timeout === 'number' ? timeout : undefined,
    }
  })
}

function containerOf(value: Value | undefined): Container | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || value instanceof Expression)
    return { image: value, env: undefined, volumes: undefined, options: undefined }
  const { image = '', env, volumes, options } = mapping(value)
  return { image, env, volumes, options }
}

function optionalText(value: Value | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function unsupported(path: string, what: string): RunnerError {
  return new RunnerError(`${path}: ${what}, which the runner simulator does not do`)
}

function problems(path: string, errors: readonly { message: string }[]): RunnerError {
  return new RunnerError(
    `${path} is no workflow that GitHub would take:\n${errors.map(({ message }) => `  ${message}`).join('\n')}`,
  )
}
