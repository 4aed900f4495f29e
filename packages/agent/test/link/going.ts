/** Follows an interface that goes between being listed and being looked at, in namespaces of its own: `going.ts CGROUP AT_LISTING`. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openObject } from '@runwarden/libbpf'
import { compile, policyOf } from '@runwarden/policy'
import { builtObjects } from '@runwarden/sensor'
import { openEnforcer } from '../../src/enforce/enforcer.ts'
import { LinkLayer } from '../../src/link/link-layer.ts'

const [scopeCgroup = '', whenGone = ''] = process.argv.slice(2)
const run = (text: string): void => void execFileSync('sh', ['-ec', text])
const bpf = mkdtempSync(join(tmpdir(), 'runwarden-going-'))
run(`mount -t bpf bpf ${bpf}; ip link add up0 type veth peer name down0`)
const up0 = { name: 'up0', index: 0, header: 14 }
// The machine's /sys knows no interface of this namespace.
up0.index = Number(
  /^(\d+):/.exec(execFileSync('ip', ['-o', 'link', 'show', 'up0'], { encoding: 'utf8' }))?.[1],
)

using rings = openObject(join(builtObjects(), 'enforce.bpf.o'))
rings.load()
const enforcer = openEnforcer({
  scopeCgroup,
  reuse: { urgent: rings.map('urgent'), bulk: rings.map('bulk'), lost: rings.map('lost') },
  compiled: compile(policyOf([], { egress: 'block' })),
  proxy: { port4: null, port6: null },
})
let listings = 0
const layer = LinkLayer.open({
  enforcer,
  pinDir: `${bpf}/uplinks`,
  uplinks: [],
  passesDhcp: false,
  find: () => {
    listings++
    // Listed, and then gone; what is listed next has it no more.
    if (listings === Number(whenGone)) run('ip link del up0')
    return listings <= Number(whenGone) ? [up0] : []
  },
})
const told = [1, 2].map(() => layer.refresh())
layer.close()
enforcer.close()
run(`umount ${bpf}; rmdir ${bpf}`)
console.log(JSON.stringify(told))
