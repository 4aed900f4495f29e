import { writeFileSync } from 'node:fs'
import { type Lab, startLab } from '@runwarden/lab'
import { Place, runwarden } from './runwarden.ts'

export const url = 'https://api.example.com'
export const curl = 'curl -sS --max-time 30 -o /dev/null'
export const python = (lines: string): string => `python3 -c '
import http.client, socket, ssl
def connect(name):
    context = ssl.create_default_context()
    context.check_hostname = False
    return context.wrap_socket(socket.create_connection(("api.example.com", 443), 20), server_hostname=name)
def say(tls, text): tls.sendall(text.encode())
${lines}'`

const rules = `  - https: api.example.com
    methods: [GET]
    paths: ["/repos/acme/**"]
  - "*.example.com"
`

export function policyOf(egress: 'audit' | 'block' = 'block', allow = rules): string {
  return `version: 1\negress: ${egress}\nallow:\n${allow}`
}

/** TCP sends again what was dropped: more than once in this time. */
export const SENT_AGAIN_MS = 5000

/** A server with two names, for one of which the policy has HTTPS rules, on two ports. */
export class HttpsRig implements AsyncDisposable {
  readonly lab: Lab

  private constructor(lab: Lab) {
    this.lab = lab
  }

  /** With a /run of its own: other runs of this machine would clean up what a test looks for. */
  static async apart(): Promise<HttpsRig> {
    const rig = await HttpsRig.start()
    await rig.lab.runner.exec('mount', ['-t', 'tmpfs', 'none', '/run'])
    return rig
  }

  static async start(): Promise<HttpsRig> {
    const name = ['api.example.com', 'other.example.com']
    const addresses = ['198.51.100.30']
    return new HttpsRig(
      await startLab({ servers: [{ name, addresses, ports: { https: [443, 8443] } }] }),
    )
  }

  async requests(): Promise<string[]> {
    await this.lab.flush()
    const records = await this.lab.internet.records()
    return records
      .flatMap((one) => one.requests)
      .map(({ method, host, path }) => `${method} ${host}${path}`)
  }

  /**
   * @param options.waitMs for what may still leave when the run is over and nobody looks any more
   * @returns how the run ended, what reached the server, and what was told
   */
  async attempt(
    command: string,
    options: { egress?: 'audit' | 'block'; allow?: string; waitMs?: number } = {},
  ) {
    const { egress, allow, waitMs = 0 } = options
    using place = new Place()
    writeFileSync(place.at('policy.yml'), policyOf(egress, allow))
    writeFileSync(place.at('job.sh'), command)
    const before = (await this.requests()).length
    const args = ['run', '--quiet', '--policy', place.at('policy.yml'), '--out', place.out]
    const ended = await this.lab.runner.exec(runwarden, [...args, '--', 'bash', place.at('job.sh')])
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    const arrived = (await this.requests()).slice(before)
    const requests = place.eventsOf('http.request')
    return {
      ...ended,
      arrived,
      told: requests.map(
        ({ method, host, path, verdict }) => `${verdict} ${method} ${host}${path}`,
      ),
      reasons: requests.map(({ reason }) => reason),
      events: place.events(),
      report: place.report(),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
  }
}
