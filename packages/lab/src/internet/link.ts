import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'

/** Names of the link's two ends; equal in every lab, as each has namespaces of its own. */
export const link = { internet: 'to-runner', runner: 'to-internet' } as const

/** Addresses of the link's two ends. */
export const linkAddresses = {
  internet4: '192.0.2.1',
  runner4: '192.0.2.2',
  internet6: '2001:db8::1',
  runner6: '2001:db8::2',
} as const

/** Neighbours are told, not asked for: no packet waits for one, and none is in the record. */
const hardware = { internet: '02:00:00:00:00:01', runner: '02:00:00:00:00:02' } as const

/**
 * The internet's end. Every address there is counts as this host's own (the local default routes),
 * except those of the link, so that a server can be at any address, and one where no server is
 * refuses at once. The rule makes IPv4 look into the two tables one after the other; without any
 * rule the kernel merges them, and `throw` ends the search.
 */
const internetSide = (runnerPid: number) => `
link set lo up
link add ${link.internet} address ${hardware.internet} type veth peer name ${link.runner} address ${hardware.runner} netns ${runnerPid}
addr add ${linkAddresses.internet4}/30 dev ${link.internet}
addr add ${linkAddresses.internet6}/64 dev ${link.internet} nodad
link set ${link.internet} up
route add throw 192.0.2.0/30 table local
rule add to 192.0.2.0/30 table main
route add local default dev lo table local
route add throw 2001:db8::/64 table local
route add throw fe80::/10 table local
route add throw ff00::/8 table local
route add local ::/0 dev lo table local
neigh add ${linkAddresses.runner4} lladdr ${hardware.runner} dev ${link.internet} nud permanent
neigh add ${linkAddresses.runner6} lladdr ${hardware.runner} dev ${link.internet} nud permanent
`

/** The runner's end; without segmentation offload, so that every packet is as it would be on a wire. */
const runnerSide = `
link set lo up
addr add ${linkAddresses.runner4}/30 dev ${link.runner}
addr add ${linkAddresses.runner6}/64 dev ${link.runner} nodad
link set ${link.runner} gso_max_size 1514 gso_max_segs 1
link set ${link.runner} up
neigh add ${linkAddresses.internet4} lladdr ${hardware.internet} dev ${link.runner} nud permanent
neigh add ${linkAddresses.internet6} lladdr ${hardware.internet} dev ${link.runner} nud permanent
route add default via ${linkAddresses.internet4}
route add ::/0 via ${linkAddresses.internet6}
`

/** Makes the link and the internet's end of it. */
export async function makeLink(runnerPid: number): Promise<void> {
  // /proc/sys/net is that of the process's own network namespace.
  writeFileSync('/proc/sys/net/ipv6/conf/all/accept_dad', '0')
  writeFileSync('/proc/sys/net/ipv6/conf/default/accept_dad', '0')
  writeFileSync('/proc/sys/net/ipv6/ip_nonlocal_bind', '1')
  await feed('ip', ['-batch', '-'], internetSide(runnerPid))
}

/** Brings the runner's end up: from then on packets flow. */
export async function joinRunner(runnerPid: number): Promise<void> {
  await feed('nsenter', [`--net=/proc/${runnerPid}/ns/net`, 'ip', '-batch', '-'], runnerSide)
}

async function feed(command: string, args: readonly string[], input: string): Promise<void> {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${said}`)
}
