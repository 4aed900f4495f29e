import { readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startLab } from '../packages/lab/src/index.ts'
import { healthIn, lostOf } from './contenders.ts'
import { contest, type Contender, type Result } from './contest.ts'
import { writeNpmProject } from './npm-project.ts'

export const wholeJobName = 'whole job, HTTPS and masks'
const name = 'registry.example.com'

/** What a job's every read of the registry must match; and masks as the CI system has them. */
const policy = `version: 1
egress: block
allow:
  - https: ${name}
    methods: [GET]
    paths: ["/**"]
`
const masks = Array.from({ length: 20 }, (_, i) => `mask-${i}-${'k3'.repeat(12)}`).join('\n')

/**
 * A whole job with everything on: packages over HTTPS from a host with an HTTPS rule, in block mode, with masks to look for. In the
 * lab, whose server has the probes of the machine's node on it, too.
 * @param tree of C files, with a Makefile
 * @param timed runs a command line and writes its seconds into the file named by RESULT
 */
export async function wholeJob(
  place: string,
  tree: string,
  timed: string,
  rounds: number,
): Promise<Result[]> {
  const own = join(place, 'whole-job')
  mkdirSync(own)
  const { folder, files } = await writeNpmProject(own, `https://${name}`)
  await using lab = await startLab({
    packets: false,
    servers: [{ name, addresses: ['198.51.100.10'], ports: { https: 443 }, files }],
  })
  writeFileSync(join(own, 'policy.yml'), policy)
  writeFileSync(join(own, 'masks'), masks)
  const result = join(own, 'result')
  const run = async (before: readonly string[], command: readonly string[]): Promise<number> => {
    rmSync(result, { force: true })
    const [file = '', ...args] = [...before, ...command]
    const env = { RESULT: result }
    const options = { cwd: folder, env, timeout: 300_000 }
    const { status, stderr } = await lab.runner.exec(file, args, options)
    if (status !== 0) throw new Error(`the whole job ended with ${status}: ${stderr}`)
    return Number(readFileSync(result, 'utf8'))
  }
  const runwarden = join(import.meta.dirname, '../node_modules/.bin/runwarden')
  const given = ['--policy', join(own, 'policy.yml'), '--masks', join(own, 'masks')]
  const options = ['--quiet', '--out', join(own, 'out'), '--workspace', folder, ...given]
  const contenders: Contender[] = [
    { name: 'bare', run: ({ command }) => run([], command) },
    {
      name: 'runwarden block',
      run: ({ command }) => run([runwarden, 'run', ...options, '--'], command),
      lost: () => lostOf(healthIn(join(own, 'out'))),
    },
  ]
  const job =
    'rm -rf node_modules cache && npm ci --loglevel=error --cache "$PWD/cache" && npm test --silent && make -s -C "$0" clean && make -s -j2 -C "$0"'
  return await contest(
    {
      name: wholeJobName,
      target: 1.05,
      command: [timed, 'sh', '-c', job, tree],
      cwd: folder,
    },
    contenders,
    rounds,
  )
}
