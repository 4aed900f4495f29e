import { hasSaid } from '../has-said.ts'
import type { RunnerSide } from '../runner-side.ts'

/** Where systemd-resolved listens, and so does the lab's stub. */
export const stubAddress = '127.0.0.53'

/** Starts a stub resolver on the runner that asks these servers; it ends with the runner. */
export async function startStub(runner: RunnerSide, nameservers: readonly string[]): Promise<void> {
  const stub = runner.spawn(
    'dnsmasq',
    [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--user=root',
      '--group=root',
      '--pid-file=',
      '--log-facility=-',
      '--no-resolv',
      '--no-hosts',
      '--bind-interfaces',
      `--listen-address=${stubAddress}`,
      ...nameservers.map((address) => `--server=${address}`),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  await hasSaid(stub, 'started, version')
}
