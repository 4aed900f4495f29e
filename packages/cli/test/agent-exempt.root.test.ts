import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'
import { until } from './runwarden.ts'

let rig: AgentRig
let shell: string
beforeAll(async () => {
  rig = await AgentRig.start()
  shell = rig.place.at('exempt-bash')
  copyFileSync('/bin/bash', shell)
})
afterAll(() => rig[Symbol.asyncDispose]())

const dial = '(: >/dev/tcp/203.0.113.9/80) 2>/dev/null && echo ok || echo no'
const datagram = '(echo x >/dev/udp/203.0.113.9/9001) 2>/dev/null && echo ok || echo no'

async function says(cgroup: string, ...command: [string, ...string[]]): Promise<string> {
  const [file, ...args] = command
  const { stdout } = await rig.lab.runner.exec(file, args, { cgroup })
  return stdout.trim()
}

/** Words of an agent that governs a cgroup. */
function words(cgroup: string): string[] {
  const policy = rig.policy('one.example.com:80')
  return ['--scope', cgroup, '--policy', policy, '--state', rig.state, '--out', rig.place.out]
}

function agent(cgroup: string, ...args: string[]) {
  const started = rig.spawn(...words(cgroup), ...args)
  return started.says('armed: block').then(() => started)
}

test('an exempt program is free, its children are not, nor is it itself below itself', async () => {
  const scope = rig.cgroup()
  const early = rig.lab.runner.spawn(
    shell,
    [
      '-c',
      `until [ -e ${rig.place.at('go')} ]; do read -t 0.05 <> <(:); done; ${dial.replaceAll(/[()]/g, '')}`,
    ],
    { cgroup: scope },
  )
  let heard = ''
  early.stdout?.setEncoding('utf8').on('data', (text: string) => {
    heard += text
  })
  const copy = rig.place.at('other', 'exempt-bash')
  await rig.lab.runner.exec('mkdir', [dirname(copy)])
  copyFileSync(shell, copy)
  const started = await agent(scope, '--exempt-exe', shell)
  expect(started.said).toContain(`exempt from the policy: ${shell}`)
  // Whoever owns the folder can put another file there; the test's is in /tmp and root's.
  expect(started.said).not.toContain('WARNING')

  const inside = dial.replaceAll(/[()]/g, '')
  expect(await says(scope, shell, '-c', `exec 3<>/dev/tcp/203.0.113.9/80 && echo ok`)).toBe('ok')
  expect(
    await says(scope, shell, '-c', `exec 3<>/dev/udp/203.0.113.9/9001 && echo x >&3 && echo ok`),
  ).toBe('ok')
  expect(await says(scope, 'bash', '-c', inside)).toBe('no')
  expect(await says(scope, copy, '-c', inside)).toBe('no')
  // A child of it: by fork alone, another program, the same program.
  expect(await says(scope, shell, '-c', dial)).toBe('no')
  expect(await says(scope, shell, '-c', datagram)).toBe('no')
  expect(await says(scope, shell, '-c', `bash -c '${inside}'; true`)).toBe('no')
  expect(await says(scope, shell, '-c', `${shell} -c '${inside}'; true`)).toBe('no')
  expect(await says(scope, shell, '-c', `(setsid ${shell} -c '${inside}' &) ; sleep 0.5`)).toBe(
    'no',
  )
  // What ran before the agent.
  writeFileSync(rig.place.at('go'), '')
  await until(() => heard !== '')
  expect(heard).toBe('ok\n')
  await started.end('SIGTERM')
})

test('a socket that an exempt process hands on is free where it is connected to only', async () => {
  const scope = rig.cgroup()
  const started = await agent(scope, '--exempt-exe', shell)
  const next = `exec bash -c 'echo x >&3 && echo ok; exec 4<>/dev/udp/203.0.113.9/9001; echo x >&4 && echo ok || echo no' 2>/dev/null`
  expect(await says(scope, shell, '-c', `exec 3<>/dev/udp/203.0.113.9/9001; ${next}`)).toBe(
    'ok\nno',
  )
  await started.end('SIGTERM')
})

test('an exempt cgroup is free with all below it, also to listen and answer', async () => {
  const scope = rig.cgroup()
  const free = rig.cgroup(scope)
  const below = rig.cgroup(free)
  const started = await agent(scope, '--exempt-cgroup', free)
  for (const [cgroup, outcome] of [
    [scope, 'no'],
    [free, 'ok'],
    [below, 'ok'],
  ] as const)
    expect(await says(cgroup, 'bash', '-c', dial)).toBe(outcome)
  expect(await rig.get(below, 'http://two.example.com/')).toBe('200')
  await started.end('SIGTERM')
})

test('an agent that runs in the scope that it governs leaves it, and answers for its names', async () => {
  const scope = rig.cgroup()
  const started = rig.spawnIn(scope, ...words(scope))
  await started.says('armed: block')
  expect(await rig.get(scope, 'http://one.example.com/')).toBe('200')
  expect(await rig.get(scope, 'http://two.example.com/')).toBe('curl 6')
  await started.end('SIGTERM')
  expect(readdirSync(dirname(scope)).filter((name) => name.startsWith('runwarden.agent-'))).toEqual(
    [],
  )
})

test('what is exempt is found when it comes, and again when its service has been restarted or its program replaced', async () => {
  const scope = rig.cgroup()
  const slice = rig.cgroup(scope)
  const free = rig.cgroup(slice)
  rig.removeCgroup(free)
  rig.removeCgroup(slice)
  const program = rig.place.at('updated', 'bash')
  const started = await agent(scope, '--exempt-cgroup', free, '--exempt-exe', program)
  for (const missing of [`cgroup ${free}`, program])
    expect(started.said).toContain(`WARNING: ${missing} is to be exempt, and is not there`)
  const inside = dial.replaceAll(/[()]/g, '')
  const outcomes = async (): Promise<string[]> => [
    await says(free, 'bash', '-c', dial),
    await says(scope, program, '-c', 'exec 3<>/dev/tcp/203.0.113.9/80 && echo ok'),
    await says(scope, program, '-c', `${program} -c '${inside}'; true`),
    await says(scope, 'bash', '-c', dial),
  ]
  for (let times = 1; times <= 2; times++) {
    mkdirSync(slice, { recursive: true })
    mkdirSync(free)
    mkdirSync(dirname(program), { recursive: true })
    copyFileSync(shell, `${program}.new`)
    renameSync(`${program}.new`, program)
    await until(() => {
      const found = [...started.said.matchAll(/found anew: .*/g)].join()
      return [`cgroup ${free}`, program].every((name) => found.split(name).length > times)
    })
    expect(await outcomes()).toEqual(['ok', 'ok', 'no', 'no'])
    rmdirSync(free)
  }
  // It is seen to be gone at the end; in between it was made again at once.
  await started.says(`WARNING: cgroup ${free}`, 2)
  rmdirSync(slice)
  expect(await started.end('SIGTERM')).toBe(0)
  // The agent's own writing to its maps is nobody's tampering.
  const { health, detections } = rig.report(basename(scope))
  expect(health.gaps).toEqual([])
  expect(detections.map(({ id }) => id)).not.toContain('agent-tampered')
})

test('a preset that there is not is said', async () => {
  const started = rig.spawn(...words(rig.cgroup()), '--exempt-preset', 'everything')
  await until(() => started.child.exitCode !== null)
  expect(started.child.exitCode).toBe(125)
  expect(started.said).toContain('host-services')
  expect(existsSync(rig.state)).toBe(false)
})
