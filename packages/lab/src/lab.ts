import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Authority } from './certificates.ts'
import { resolvers } from './dns/dnsmasq.ts'
import type { DnsRecords } from './dns/records.ts'
import { InternetSide } from './internet-side.ts'
import { Dns, Internet } from './internet.ts'
import { makeFolder, marker, removeLeftovers } from './leftovers.ts'
import { RunnerSide } from './runner-side.ts'
import { startStub, stubAddress } from './dns/stub.ts'
import type { ServerOptions } from './server-plan.ts'

export interface LabOptions {
  /** What the DNS server knows, beside the names of servers. */
  records?: DnsRecords
  servers?: readonly ServerOptions[]
  /** The runner's resolvers; default 192.0.2.53. */
  nameservers?: readonly string[]
  /** A stub resolver on the runner, at 127.0.0.53 as systemd-resolved is; it asks `nameservers`. */
  stub?: boolean
  /** Record packets and DNS queries (default true). Off for measurements of speed. */
  packets?: boolean
  /** Path of a cgroup v2 folder that the runner's namespaces are made in; default: that of this process. */
  cgroup?: string
}

/**
 * A runner host and an internet that only they two share: network namespaces, never connected to
 * the machine's network. See the package's README for what is at which address.
 */
export class Lab implements AsyncDisposable {
  readonly runner: RunnerSide
  readonly internet: Internet
  /** PEM file of the authority behind every HTTPS server here. */
  readonly caFile: string
  /** The lab's own folder, gone with the lab. */
  readonly folder: string
  readonly #stack: AsyncDisposableStack

  constructor(parts: {
    runner: RunnerSide
    internet: Internet
    folder: string
    caFile: string
    stack: AsyncDisposableStack
  }) {
    this.runner = parts.runner
    this.internet = parts.internet
    this.folder = parts.folder
    this.caFile = parts.caFile
    this.#stack = parts.stack
  }

  get dns(): Internet['dns'] {
    return this.internet.dns
  }

  /** Starts one more server. */
  serve(server: ServerOptions): Promise<void> {
    return this.internet.serve([server])
  }

  /** A certificate of the lab's authority, and its key, for a server that is not the lab's; PEM. */
  issue(names: readonly string[]): Promise<{ cert: string; key: string }> {
    return this.internet.issue(names)
  }

  /** Resolves when all that the runner sent so far is in the records. */
  flush(): Promise<void> {
    return this.internet.flush()
  }

  /** Ends all that the lab started and removes all that it made. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/**
 * Starts a lab; needs root. `await using lab = await startLab()` ends it again. Several can live at
 * once, in one process or many. Throws LabError.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  await removeLeftovers()
  await using stack = new AsyncDisposableStack()
  const folder = makeFolder()
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const home = `${folder}/home`
  mkdirSync(home)
  const resolvConf = `${folder}/resolv.conf`
  const nameservers = options.nameservers ?? [resolvers.runner4]
  const asked = options.stub === true ? [stubAddress] : nameservers
  writeFileSync(resolvConf, asked.map((address) => `nameserver ${address}\n`).join(''))

  const side = stack.use(new InternetSide())
  const caFile = `${folder}/ca.pem`
  const [runner, authority] = await Promise.all([
    RunnerSide.start(resolvConf, home, environment(folder, home, caFile), options.cgroup),
    Authority.make(folder),
  ])
  stack.use(runner)
  const servers = options.servers ?? []
  const dns = new Dns(side, folder, { ...options.records })
  const begin = {
    runnerPid: runner.pid,
    dnsConfig: dns.configure(),
    packets: options.packets ?? true,
  }
  await side.ask({ do: 'begin', begin }, 'LAB_START')
  if (options.stub === true) await startStub(runner, nameservers)
  const internet = new Internet(side, authority, dns)
  await internet.serve(servers)
  return new Lab({ runner, internet, folder, caFile, stack: stack.move() })
}

/** A runner's environment: real clients trust the lab's authority and use no settings of the machine. */
function environment(folder: string, home: string, caFile: string): Record<string, string> {
  return {
    PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: home,
    LANG: 'C.UTF-8',
    USER: 'root',
    TMPDIR: '/tmp',
    SSL_CERT_FILE: caFile,
    CURL_CA_BUNDLE: caFile,
    GIT_SSL_CAINFO: caFile,
    REQUESTS_CA_BUNDLE: caFile,
    NODE_EXTRA_CA_CERTS: caFile,
    npm_config_cafile: caFile,
    npm_config_update_notifier: 'false',
    [marker]: folder,
  }
}
