import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { hasSaid } from '../has-said.ts'
import { spawnTied } from './tied.ts'

/** The lab's DNS server: dnsmasq, started anew when its records change. */
export class DnsServer {
  #process: ChildProcessWithoutNullStreams | null = null

  /** Resolves when it answers with what the configuration file says. */
  async use(config: string): Promise<void> {
    const before = this.#process
    if (before !== null && before.exitCode === null) {
      before.kill('SIGKILL')
      await once(before, 'exit')
    }
    this.#process = spawnTied('dnsmasq', ['--keep-in-foreground', `--conf-file=${config}`])
    await hasSaid(this.#process, 'started, version')
  }
}
