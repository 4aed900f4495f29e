import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type EngineCommand, inspectHealth, JobContainer, removeAll, runEngine } from './engine.ts'
import { RunnerError } from './error.ts'
import { textOf, textsOf, type Value } from './expression.ts'
import type { JobState } from './job-state.ts'
import type { Container } from './workflow.ts'

/** "Initialize containers" and "Stop containers": a network, the job's container and its services. */
export class JobContainers {
  readonly #state: JobState
  readonly #ids: string[] = []
  #engine: EngineCommand | undefined

  constructor(state: JobState) {
    this.#state = state
  }

  /** @throws RunnerError when a container does not start, or a service does not become healthy */
  async start(): Promise<void> {
    const { job } = this.#state
    if (job.container === undefined && job.services.length === 0) return
    const engine = this.#state.engine(`job '${job.id}'`)
    this.#engine = engine
    const network = `github_network_${randomUUID().replaceAll('-', '')}`
    runEngine(engine, ['network', 'create', network])
    this.#state.network = network
    if (job.container !== undefined) this.#startJob(engine, job.container, network)
    const services = job.services.map(({ name, ...container }) => {
      const id = this.#create(engine, container, ['--network-alias', name], network)
      this.#state.services[name] = { id, network, ports: portsOf(engine, id) }
      return { name, id }
    })
    for (const { name, id } of services) await waitHealthy(engine, name, id)
  }

  stop(): void {
    if (this.#engine === undefined) return
    removeAll(this.#engine, this.#ids, this.#state.network)
  }

  #startJob(engine: EngineCommand, container: Container, network: string): void {
    const mounts = this.#state.mounts('/__w')
    const id = this.#create(
      engine,
      container,
      [
        '--workdir',
        mounts[0]?.to ?? '/',
        ...mounts.flatMap(({ from, to }) => ['-v', `${from}:${to}`]),
        '--entrypoint',
        'tail',
      ],
      network,
      ['-f', '/dev/null'],
    )
    this.#state.container = new JobContainer(engine, id, mounts)
  }

  #create(
    engine: EngineCommand,
    container: Container,
    more: readonly string[],
    network: string,
    args: readonly string[] = [],
  ): string {
    const contexts = this.#state.contexts(this.#state.top)
    const text = (value: Value | undefined): string => textOf(value, contexts, 'success')
    const texts = (value: Value | undefined): string[] =>
      Array.isArray(value) ? value.map(text) : []
    const options = wordsOf(text(container.options))
    const env = {
      GITHUB_ACTIONS: 'true',
      CI: 'true',
      ...textsOf(container.env, contexts, 'success'),
    }
    // An engine takes one network; the runner leaves the choice to the options where they make one.
    const joins = options.some((word) => /^--net(?:work)?(?:=|$)/.test(word))
    const id = runEngine(engine, [
      'create',
      ...(joins ? [] : ['--network', network]),
      ...(joins && more[0] === '--network-alias' ? more.slice(2) : more),
      ...texts(container.ports).flatMap((port) => ['-p', port]),
      ...texts(container.volumes).flatMap((volume) => ['-v', volume]),
      ...Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      ...options,
      text(container.image),
      ...args,
    ]).trim()
    this.#ids.push(id)
    runEngine(engine, ['start', id])
    return id
  }
}

/** Words of `options:`, with quotes as a shell has them. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  )
}

/** `80/tcp -> 0.0.0.0:32768` as `{ 80: '32768' }`. */
function portsOf(engine: EngineCommand, id: string): Record<string, string> {
  const lines = runEngine(engine, ['port', id]).split('\n')
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, inside, outside] = /^(\d+)\/\w+ -> .*:(\d+)$/.exec(line.trim()) ?? []
      return inside === undefined || outside === undefined ? [] : [[inside, outside]]
    }),
  )
}

async function waitHealthy(engine: EngineCommand, name: string, id: string): Promise<void> {
  for (let wait = 2000; ; wait = Math.min(wait * 2, 32_000)) {
    const health = inspectHealth(engine, id)
    if (health === '' || health === 'healthy') return
    if (health !== 'starting')
      throw new RunnerError(`Failed to initialize, ${name} service is ${health}.`)
    await delay(wait)
  }
}
