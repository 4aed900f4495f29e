import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Report, ReportDetection } from '@runwarden/events'
import { type ContainerEngine, startContainerEngine } from '../containers/index.ts'
import { LabError } from '../error.ts'
import { type Lab, startLab } from '../lab.ts'
import { prepareWorkflow } from '../runner/index.ts'
import { makeOffers } from './offers.ts'
import { runwarden } from './play.ts'
import { makeProject } from './project.ts'
import { allowedHost } from './replay.ts'
import { startSshServer } from './ssh-server.ts'

/** What ordinary jobs do. Nothing above info may be found in them. */
export interface OrdinaryBuild {
  readonly name: string
  /**
   * Bash with `set -eu`, in an empty $WORKSPACE, with a home of its own. $REGISTRY offers packages to npm, pip, go and apt, and
   * repositories to git, also by ssh with $DEPLOY_KEY; $PROJECT is one that needs packages of npm, $TOOLS has programs of npm's.
   */
  readonly script: string
  /** It changes the machine: it runs with a layer of its own over /etc, /usr and /var. */
  readonly machine?: true
  /** It uses podman. */
  readonly engine?: true
}

/** Of the policy; the network is that of containers. */
const allowed = [
  `${allowedHost}:443`,
  `${allowedHost}:22`,
  '10.89.7.0/24:1-65535',
  'udp://10.89.7.0/24:1-65535',
]

/** A lab in which builds are run one after the other, with everything that they fetch. */
export class BuildRoom implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack
  readonly #lab: Lab
  readonly #env: Readonly<Record<string, string>>
  #engine: ContainerEngine | undefined
  #runs = 0

  private constructor(stack: AsyncDisposableStack, lab: Lab, env: Record<string, string>) {
    this.#stack = stack
    this.#lab = lab
    this.#env = env
  }

  /** @throws LabError */
  static async start(): Promise<BuildRoom> {
    await using stack = new AsyncDisposableStack()
    const lab = stack.use(await startLab())
    const { folder, url, files } = await makeProject(lab)
    const deployKey = await startSshServer(lab, makeOffers(files))
    return new BuildRoom(stack.move(), lab, {
      PROJECT: folder,
      REGISTRY: url,
      DEPLOY_KEY: deployKey,
      TOOLS: fileURLToPath(new URL('../../../../node_modules/.bin', import.meta.url)),
      PATH: `${lab.runner.env['PATH']}:${rustPrograms()}`,
      // With what the tests of TLS have compiled of Go's own library.
      GOCACHE: '/tmp/runwarden-go-cache',
    })
  }

  /**
   * Runs builds as the steps of one job under the runner simulator, each in a folder and with a home of its own.
   * @returns what was found in them
   * @throws LabError when a build itself failed
   */
  async run(
    builds: readonly OrdinaryBuild[],
    egress: 'audit' | 'block',
  ): Promise<ReportDetection[]> {
    const lab = this.#lab
    const folder = `${lab.folder}/${++this.#runs}`
    const workspace = `${folder}/workspace`
    const out = `${folder}/out`
    const steps = builds.map(({ name, script }, index) => {
      const own = { WORKSPACE: `${workspace}/${index}`, HOME: `${folder}/home/${index}` }
      mkdirSync(own.HOME, { recursive: true })
      const run = `set -u\nmkdir -p "$WORKSPACE"; cd "$WORKSPACE"\n${script}`
      return { name, shell: 'bash', env: own, run }
    })
    const workflow = `${folder}/build.yml`
    // JSON is YAML, too.
    writeFileSync(
      workflow,
      JSON.stringify({ on: 'push', jobs: { build: { 'runs-on': 'ubuntu-latest', steps } } }),
    )
    const worker = prepareWorkflow(workflow, { folder: `${folder}/runner`, workspace })
    const command = [runwarden, 'run', '--egress', egress, '--out', out, '--workspace', workspace]
      .concat(
        allowed.flatMap((destination) => ['--allow', destination]),
        '--',
      )
      .concat(worker.command)
    const machine = builds.some((one) => one.machine) ? ownMachine(`${folder}/machine`) : []
    const [program = '', ...args] = [...machine, ...command]
    const engine = builds.some((one) => one.engine)
    if (engine) this.#engine ??= this.#stack.use(await startContainerEngine(lab))
    const { status, stdout, stderr } = await lab.runner.exec(program, args, {
      cwd: workspace,
      env: { ...this.#env, ...(engine ? this.#engine?.env : {}), HOME: folder },
      timeout: 500_000,
    })
    if (status !== 0)
      throw new LabError('LAB_REPLAY', `the job ended with ${status}: ${stdout}${stderr}`)
    return (JSON.parse(readFileSync(`${out}/report.json`, 'utf8')) as Report).detections
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/** Where cargo is: rustup's own needs to know whose home it is in. @throws LabError */
function rustPrograms(): string {
  try {
    return `${execFileSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' }).trim()}/bin`
  } catch (cause) {
    throw new LabError('LAB_START', `there is no rustc: scripts/bootstrap test installs it`, {
      cause,
    })
  }
}

/** What a program runs behind that changes the machine: a mount namespace whose changes go to a folder. */
function ownMachine(folder: string): string[] {
  const script = `
for top in etc usr var; do
  mkdir -p "$0/$top" "$0/scratch/$top"
  if [ $top = etc ]; then cp /etc/resolv.conf "$0/etc"; mkdir -p "$0/etc/apt"; cp "$SSL_CERT_FILE" "$0/etc/apt/lab.pem"; fi
  mount -t overlay overlay -o "lowerdir=/$top,upperdir=$0/$top,workdir=$0/scratch/$top" /$top
done
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
exec "$@"`
  return ['unshare', '--mount', '--', 'sh', '-euc', script, folder]
}
