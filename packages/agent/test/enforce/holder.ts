/** Enforces an empty policy on a cgroup, pinned, until it is killed: `holder.ts CGROUP PINS`. */
import { join } from 'node:path'
import { openObject } from '@runwarden/libbpf'
import { compile, policyOf } from '@runwarden/policy'
import { openEnforcer } from '../../src/enforce/enforcer.ts'

const [scopeCgroup = '', pinDir = ''] = process.argv.slice(2)
const rings = openObject(
  join(import.meta.dirname, '../../../../bpf/build', process.arch, 'enforce.bpf.o'),
)
rings.load()
openEnforcer({
  scopeCgroup,
  pinDir,
  reuse: { urgent: rings.map('urgent'), bulk: rings.map('bulk'), lost: rings.map('lost') },
  compiled: compile(policyOf([], { egress: 'block' })),
  proxy: { port4: null, port6: null },
})
console.log('open')
process.stdin.resume()
