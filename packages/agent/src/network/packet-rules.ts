import type { NetlinkMessage } from '@runwarden/libbpf'
import { attributeAt, attributesOf, textOf } from './attributes.ts'

/** NFNLGRP_NFTABLES */
export const ruleGroups = [7]

const SUBSYSTEM_NFTABLES = 10
const NEWCHAIN = 3
const NEWRULE = 6
const NEWGEN = 15
const NFGENMSG_BYTES = 4
const FAMILY_NETDEV = 5
const CHAIN_HOOK = 4
const RULE_EXPRESSIONS = 4
const EXPRESSION_NAME = 1
const EXPRESSION_DATA = 2
const PAYLOAD_SREG = 5
const TARGET_NAME = 1
const GEN_PROC_PID = 2

/** Expressions of rules that send packets elsewhere, or make others of them. */
const telling = new Set(['dup', 'fwd', 'nat', 'masq', 'redir', 'tproxy', 'synproxy'])
/** And extensions of iptables in them. */
const targets = new Set(['TEE', 'DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT', 'NETMAP', 'TPROXY'])

/** One change of the rules, as the kernel put it in force. */
export interface RuleChange {
  /** The thread that made it, in the kernel's own numbers. */
  thread: number
  /** What of it sends packets elsewhere or makes others of them: `netdev`, `dup`, `payload`, `TEE`, …; sorted. */
  words: string[]
}

/** Follows changes of the rules of nf_tables, of nft(8) and of iptables(8), in one network namespace. */
export class PacketRules {
  #words = new Set<string>()

  /** @returns the change that ends with this message; null: none does */
  take({ type, body }: NetlinkMessage): RuleChange | null {
    if (type >> 8 !== SUBSYSTEM_NFTABLES || body.length < NFGENMSG_BYTES) return null
    const attributes = body.subarray(NFGENMSG_BYTES)
    switch (type & 0xff) {
      case NEWCHAIN:
        if (body[0] === FAMILY_NETDEV && attributeAt(attributes, CHAIN_HOOK) !== undefined)
          this.#words.add('netdev')
        return null
      case NEWRULE:
        if (body[0] === FAMILY_NETDEV) this.#words.add('netdev')
        for (const { data } of attributesOf(
          attributeAt(attributes, RULE_EXPRESSIONS) ?? Buffer.alloc(0),
        ))
          this.#see(data)
        return null
      case NEWGEN: {
        const words = [...this.#words].toSorted()
        this.#words = new Set()
        const pid = attributeAt(attributes, GEN_PROC_PID)
        return { thread: pid?.length === 4 ? pid.readUInt32BE(0) : 0, words }
      }
      default:
        return null
    }
  }

  #see(expression: Buffer): void {
    const name = textOf(attributeAt(expression, EXPRESSION_NAME))
    const data = attributeAt(expression, EXPRESSION_DATA) ?? Buffer.alloc(0)
    if (telling.has(name)) this.#words.add(name)
    // Written, not read.
    if (name === 'payload' && attributeAt(data, PAYLOAD_SREG) !== undefined) this.#words.add(name)
    const target = name === 'target' ? textOf(attributeAt(data, TARGET_NAME)) : ''
    if (targets.has(target)) this.#words.add(target)
  }
}
