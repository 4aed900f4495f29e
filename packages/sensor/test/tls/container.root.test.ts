import { globSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { startLab } from '@runwarden/lab'
import { image, startContainerEngine } from '@runwarden/lab/containers'
import { expect, test } from 'vitest'
import { startTlsCapture, type TlsUse } from '../../src/index.ts'

const name = 'good.example.com'

function cgroupRoot(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1] ?? ''
}

test('what a program in a container sends is seen, by the library of its image', async () => {
  await using lab = await startLab({
    servers: [{ name, addresses: ['198.51.100.10'], ports: { https: 443 } }],
  })
  await using engine = await startContainerEngine(lab)
  const cgroup = mkdtempSync(join(cgroupRoot(), 'runwarden-tls-'))
  const uses: TlsUse[] = []
  let sent = ''
  try {
    // None of the machine's own: what the container runs was never looked at before.
    using capture = startTlsCapture({
      scopeCgroup: cgroup,
      places: [],
      onContent: (content) => {
        for (const one of content)
          if ('direction' in one && one.direction === 'sent') sent += String(one.data)
      },
      onUse: (use) => uses.push(use),
    })
    const ask = (marker: string) =>
      lab.runner.exec(
        'podman',
        [
          'run',
          '--rm',
          `--cgroup-parent=/${basename(cgroup)}`,
          image,
          'curl',
          '-sS',
          '--http1.1',
          `https://${name}/${marker}`,
        ],
        { env: engine.env, cgroup, timeout: 300_000 },
      )
    // Who has sent before the library of its own container was probed is not seen: on a busy machine it may be the first of them.
    const paths: string[] = []
    const isSeen = () => sent.includes(`GET ${paths.at(-1)} HTTP/1.1`)
    while (paths.length < 10 && !(paths.length > 1 && isSeen())) {
      paths.push(`/marker-${paths.length}`)
      expect(await ask(`marker-${paths.length - 1}`)).toMatchObject({ status: 0, stderr: '' })
      capture.drain()
    }
    const asked = (await lab.internet.records()).flatMap(({ requests }) => requests)
    expect(asked.map(({ path }) => path)).toEqual(paths)
    expect(sent.split(`GET ${paths.at(-1)} HTTP/1.1`)).toHaveLength(2)
    // The library has another device in each container, and is probed for each: its calls are told once, and none counts as lost.
    expect(capture.probed().filter(({ library }) => library === 'openssl').length).toBe(
      paths.length,
    )
    expect(capture.lost().calls).toBe(0)
    expect(uses).toContainEqual(
      expect.objectContaining({
        library: 'openssl',
        path: expect.stringMatching(/libssl\.so\.3$/),
      }),
    )
  } finally {
    for (const below of globSync(`${cgroup}/**/`).toReversed()) rmdirSync(below)
  }
}, 600_000)
