import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** An interface that leads out of the machine. */
export interface Uplink {
  name: string
  index: number
  /** Bytes of the header before IP: 14 for Ethernet and the like, 0 for tunnels and point-to-point links. */
  header: number
}

/** What is looked at to tell uplinks: the folder of interfaces, and the two routing tables. */
export interface LinkView {
  /** /sys/class/net */
  folder: string
  /** /proc/net/route and /proc/net/ipv6_route. */
  routes4: string
  routes6: string
}

/** ARPHRD_* of links without a header of their own before IP (linux/if_arp.h). */
const bare = new Set([512, 519, 65_534, 768, 769, 776, 778, 823])
/** ARPHRD_LOOPBACK */
const loopback = 772

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/** The machine that this process is on. */
export function ownView(): LinkView {
  return {
    folder: '/sys/class/net',
    routes4: text('/proc/net/route'),
    routes6: text('/proc/net/ipv6_route'),
  }
}

/** Names of the interfaces that a default route leads over. */
function defaults({ routes4, routes6 }: LinkView): Set<string> {
  const found = new Set<string>()
  for (const line of routes4.split('\n')) {
    const [name = '', destination, , , , , , mask] = line.split(/\s+/)
    if (destination === '00000000' && mask === '00000000') found.add(name)
  }
  for (const line of routes6.split('\n')) {
    const fields = line.trim().split(/\s+/)
    // Destination and prefix length; the last is the device, and lo holds the unreachable default.
    if (/^0{32}$/.test(fields[0] ?? '') && fields[1] === '00') found.add(fields.at(-1) ?? '')
  }
  return found
}

/**
 * The interfaces that lead out of the machine: those of a device (PCI, USB, virtio), those that a default route leads
 * over, and those that are named besides. What leads inwards (bridges of containers, their ends of veth, taps of virtual
 * machines) is none: its packets come to an uplink when they leave.
 */
export function findUplinks(named: readonly string[], view = ownView()): Uplink[] {
  const outward = defaults(view)
  const found: Uplink[] = []
  for (const name of readdirSync(view.folder)) {
    const folder = join(view.folder, name)
    const type = Number(text(join(folder, 'type')))
    const index = Number(text(join(folder, 'ifindex')))
    if (type === loopback || index === 0) continue
    if (!outward.has(name) && !named.includes(name) && !existsSync(join(folder, 'device'))) continue
    found.push({ name, index, header: bare.has(type) ? 0 : 14 })
  }
  return found.toSorted((a, b) => a.index - b.index)
}
