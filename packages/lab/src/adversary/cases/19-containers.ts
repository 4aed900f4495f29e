import type { Open, Row } from '../case.ts'
import { elsewhere } from './script.ts'

const engine = 'packages/cli/test/containers.root.test.ts'
const rootless = 'packages/cli/test/containers-rootless.root.test.ts'
const daemon = 'packages/cli/test/containers-engine.root.test.ts'
const by = 'all layers: a container that the job starts is in its scope'

const order: Open = {
  result: 'told',
  why: 'the engine’s containers are children of a daemon outside of the scope; an order to it is the detection that names it',
  advice:
    '`disable-sudo-and-containers`; keep the job off the engine’s socket; a host-wide scope governs them too',
}

export const containers: Row = {
  row: 19,
  title: 'Containers',
  cases: [
    ...(
      [
        ['container-default-bridge', 'container of the default bridge (podman)', by],
        ['container-own-bridge', 'container of a user-defined bridge', by],
        ['container-ipv6-bridge', 'container of an IPv6 bridge', by],
        ['container-host-network', 'container of the host’s network', by],
        ['container-privileged', 'privileged container', by],
        ['container-no-network', 'container without a network', by],
        ['container-build', 'steps of podman build (chroot)', by],
        ['container-build-runtime', 'steps of podman build (runtime)', by],
        ['container-buildah', 'steps of buildah', by],
        ['container-neighbour', 'container to container of another network', by],
        ['container-left', 'container that outlives the job', 'ended with the scope'],
      ] as const
    ).map((what) => elsewhere(what, engine, ['root'])),
    ...(
      [
        ['container-rootless-slirp', 'rootless container over slirp4netns', by],
        ['container-rootless-host', 'rootless container of the host’s network', by],
        ['container-user-namespace', 'fresh user and network namespace, joined by slirp4netns', by],
        [
          'container-own-resolver',
          'own resolver inside of such a namespace, at the address of the machine’s',
          'names: what it says opens nothing',
        ],
      ] as const
    ).map((what) => elsewhere(what, rootless, ['user'])),
    elsewhere(
      [
        'container-daemon',
        'orders to a container engine outside of the scope (docker.sock)',
        'told',
      ],
      daemon,
      ['root'],
      order,
    ),
  ],
}
