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
  ports: Value | undefined
}

/** A container of `services:`. */
export interface Service extends Container {
  name: string
}

/** What every job has, also one that calls a reusable workflow. */
export interface JobHead {
  id: string
  name: Value | undefined
  needs: string[]
  if: string
  strategy: Value | undefined
  continueOnError: Value | undefined
  /** Read, and told: there is one run only, with nothing to wait for. */
  concurrency: Value | undefined
}

/** A job that is another workflow: `uses: ./.github/workflows/….yml`. */
export interface Call extends JobHead {
  uses: string
  with: Value | undefined
  /** `inherit`, or a mapping. */
  secrets: Value | undefined
}

export interface Job extends JobHead {
  env: Value | undefined
  shell: string | undefined
  workingDirectory: Value | undefined
  outputs: Value | undefined
  container: Container | undefined
  services: Service[]
  timeoutMinutes: Value | undefined
  steps: Step[]
}

export interface Workflow {
  name: string
  env: Value | undefined
  concurrency: Value | undefined
  jobs: (Job | Call)[]
  /** `on.workflow_call`; undefined: it cannot be called. */
  call: { inputs: Value | undefined; outputs: Value | undefined } | undefined
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
    concurrency: root['concurrency'],
    call: callOf(root['on']),
    jobs: template.jobs.map((job) => jobOf(path, job, mapping(jobs[job.id.value]), defaults)),
  }
}

/** A job as the conversion gives it. */
type Converted = Awaited<ReturnType<typeof convertWorkflowTemplate>>['jobs'][number]

function jobOf(
  path: string,
  job: Converted,
  raw: { [key: string]: Value },
  defaults: { [key: string]: Value },
): Job | Call {
  const condition = readToken(job.if).expression
  const head: JobHead = {
    id: job.id.value,
    name: raw['name'],
    needs: [raw['needs'] ?? []].flat().filter((need) => typeof need === 'string'),
    if: condition === undefined || condition === '' ? 'success()' : condition,
    strategy: raw['strategy'],
    continueOnError: raw['continue-on-error'],
    concurrency: raw['concurrency'],
  }
  if (job.type !== 'job')
    return {
      ...head,
      uses: optionalText(raw['uses']) ?? '',
      with: raw['with'],
      secrets: raw['secrets'],
    }
  const own = { ...defaults, ...mapping(mapping(raw['defaults'])['run']) }
  return {
    ...head,
    env: raw['env'],
    shell: optionalText(own['shell']),
    workingDirectory: own['working-directory'],
    outputs: raw['outputs'],
    container: containerOf(raw['container']),
    services: Object.entries(mapping(raw['services'])).flatMap(([name, one]) => {
      const container = containerOf(one)
      return container === undefined ? [] : [Object.assign(container, { name })]
    }),
    timeoutMinutes: raw['timeout-minutes'],
    steps: stepsOf(path, raw['steps'], job.steps),
  }
}

function callOf(on: Value | undefined): Workflow['call'] {
  const isCalled =
    on === 'workflow_call' ||
    (Array.isArray(on) && on.includes('workflow_call')) ||
    'workflow_call' in mapping(on)
  if (!isCalled) return undefined
  const { inputs, outputs } = mapping(mapping(on)['workflow_call'])
  return { inputs, outputs }
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
    return {
      image: value,
      env: undefined,
      volumes: undefined,
      options: undefined,
      ports: undefined,
    }
  const { image = '', env, volumes, options, ports } = mapping(value)
  return { image, env, volumes, options, ports }
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
