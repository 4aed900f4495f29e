import { execFileSync } from 'node:child_process'
import { messageOf } from '@runwarden/agent'

/** Tells systemd that the service is up, where systemd has started it so (sd_notify(3)). */
export function notifyReady(say: (text: string) => void): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return
  try {
    // Node has no datagram sockets of AF_UNIX; where systemd is, its program is.
    execFileSync('systemd-notify', ['--ready'], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    say(`systemd could not be told that the agent is ready: ${messageOf(error)}`)
  }
}
