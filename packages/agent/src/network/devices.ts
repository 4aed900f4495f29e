import type { NetlinkMessage } from '@runwarden/libbpf'
import { attributeAt, textOf } from './attributes.ts'

/** RTNLGRP_LINK, RTNLGRP_TC */
export const deviceGroups = [1, 4]

const RTM_NEWLINK = 16
const RTM_NEWTFILTER = 44
const RTM_NEWACTION = 48
const IFINFO_BYTES = 16
/** Of ifinfomsg.ifi_change, where a device has come: new, or from another namespace. */
const IS_NEW = 0xffffffff
const IFLA_IFNAME = 3
const IFLA_LINKINFO = 18
const IFLA_INFO_KIND = 1
const TCM_IFINDEX = 4

/** Actions of tc(8) that send packets elsewhere, or make others of them. BPF programs are told when they are loaded. */
const actions = ['mirred', 'pedit', 'tunnel_key', 'nat', 'ct', 'mpls', 'skbmod']
const actionKinds = actions.map((name) => {
  const attribute = Buffer.alloc(4 + name.length + 1)
  attribute.writeUInt16LE(attribute.length, 0)
  // TCA_ACT_KIND
  attribute.writeUInt16LE(1, 2)
  attribute.write(name, 4)
  return { name, attribute }
})

/**
 * What a message of NETLINK_ROUTE says that is of interest, in words: a device has come (`vxlan vx0`), a rule of tc acts so
 * (`tc mirred on interface 3`). Null: nothing.
 */
export function deviceChange({ type, body }: NetlinkMessage): string | null {
  if (type === RTM_NEWLINK) return newDevice(body)
  if (type !== RTM_NEWTFILTER && type !== RTM_NEWACTION) return null
  const found = actionKinds.filter(({ attribute }) => body.includes(attribute))
  if (found.length === 0) return null
  const where = type === RTM_NEWTFILTER ? ` on interface ${body.readInt32LE(TCM_IFINDEX)}` : ''
  return `tc ${found.map(({ name }) => name).join(', ')}${where}`
}

function newDevice(body: Buffer): string | null {
  // Messages of bridges are of another family.
  if (body.length < IFINFO_BYTES || body[0] !== 0 || body.readUInt32LE(12) !== IS_NEW) return null
  const attributes = body.subarray(IFINFO_BYTES)
  const kind = textOf(attributeAt(attributes, IFLA_LINKINFO, IFLA_INFO_KIND))
  return `${kind || 'device'} ${textOf(attributeAt(attributes, IFLA_IFNAME))}`
}
