import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { compileAct, Observed } from './observed.ts'

/** What a script does in an empty workspace W (below the folder F), and what is told. */
const scripts: [name: string, script: string, files: string[]][] = [
  ['a new file', 'echo x > a', ['create W/a kernel']],
  [
    'an existing file that is written',
    'echo x > a; echo y >> a',
    ['create W/a kernel', 'write W/a kernel'],
  ],
  ['a file that is cut', 'echo x > a; : > a', ['create W/a kernel', 'write W/a kernel']],
  ['nothing of a plain read', 'echo x > a; cat a', ['create W/a kernel']],
  [
    'a read of what is open for writing, once',
    'echo x > a; exec 7<>a; cat a; cat 7<&- a; cat a a; exec 7>&-; cat a',
    [
      'create W/a kernel',
      'write W/a kernel',
      ...Array<string>(3).fill('read W/a kernel while written'),
    ],
  ],
  [
    'a read of what is mapped for writing, and only read after that',
    'echo x > a; "$ACT" mapped a cat a',
    ['create W/a kernel', 'write W/a kernel', 'read W/a kernel while written'],
  ],
  [
    'nothing of a read of a program that runs, and of what is open for writing elsewhere',
    'cp /bin/true a; ./a; cat a; exec 7> ../b; cat ../b',
    ['create W/a kernel'],
  ],
  [
    'nothing of what happens elsewhere',
    'echo x > ../b; mv ../b ../c; rm ../c; echo > /dev/null',
    [],
  ],
  [
    'a file reached by another name of its folder',
    'ln -s "$PWD" ../l; echo x > ../l/a',
    ['create W/a kernel'],
  ],
  ['a file that is removed', 'echo x > a; rm a', ['create W/a kernel', 'delete W/a user']],
  [
    'a file that is removed by its full path',
    'echo x > a; rm "$PWD/a"',
    ['create W/a kernel', 'delete W/a user'],
  ],
  [
    'files of a folder that is removed',
    'mkdir d; echo x > d/a; rm -r d',
    ['create W/d/a kernel', 'delete W/d/a user'],
  ],
  [
    'a file that gets another name',
    'echo x > a; mv a b',
    ['create W/a kernel', 'rename W/a -> W/b user'],
  ],
  ['a file that comes in', 'echo x > ../a; mv ../a b', ['rename F/a -> W/b user']],
  [
    'a file that goes out',
    'echo x > a; mv a ../b',
    ['create W/a kernel', 'rename W/a -> F/b user'],
  ],
  ['a hard link', 'echo x > a; ln a b', ['create W/a kernel', 'hard W/a -> W/b user']],
  ['a symbolic link', 'ln -s /etc/passwd p', ['symbolic /etc/passwd -> W/p user']],
  [
    'a file that is cut without being opened',
    'echo x > a; "$ACT" truncate a',
    ['create W/a kernel', 'write W/a user'],
  ],
  ['a pipe that is made', 'mkfifo p', ['create W/p user']],
  [
    'a file without a name that gets one',
    '"$ACT" tmpfile . a',
    ['write W/# kernel', 'hard W/# -> W/a user'],
  ],
  [
    'a write through a descriptor of a folder',
    'mkdir d; "$ACT" openat d a',
    ['create W/d/a kernel'],
  ],
  [
    'a name with dots in it',
    'mkdir d; echo x > d/../a; rm d/.././a',
    ['create W/a kernel', 'delete W/a user'],
  ],
  [
    'files by a link to their folder, and what a parent is behind one',
    'mkdir -p d/e; ln -s "$PWD/d" ../l; echo x > ../a; mv ../a ../l/b; ln ../l/b ../c; rm ../l/b; mv ../c ../l/e/../f',
    [
      'rename F/a -> W/d/b user',
      'hard W/d/b -> F/c user',
      'delete W/d/b user',
      'rename F/c -> W/d/f user',
    ],
  ],
  ['a name that is no UTF-8', 'echo x > "$(printf "\\377")"', ['create W/\uFFFD kernel']],
  ['a name that begins with a space', 'echo x > " a"', ['create W/ a kernel']],
]

let act: string
let uring: string
let sandbox: string
beforeAll(() => {
  act = compileAct('file')
  uring = compileAct('uring')
  sandbox = compileAct('sandbox')
})

/**
 * T1 knows names from the kernel's objects. Nothing there says whether io_uring was used: submission tells that.
 */
function atTier(seen: Observed, files: readonly string[]): string[] {
  if (seen.sensor.tier === 'T0') return [...files]
  return files.map((line) =>
    line
      .replace(/^((?:delete|rename|hard|symbolic) .*) user/, '$1 kernel')
      .replace(/^write (W\/n) user/, 'create $1 kernel')
      .replace(/^(?!delete|rename|hard|symbolic)(.*) io_uring$/, '$1')
      .replace(/^((?:delete|rename|hard|symbolic) .*) io_uring$/, '$1'),
  )
}

/** Where the kernel takes no fentry, both are T0. */
const tiers: [name: string, options: { withoutT1?: string }][] = [
  ['at T0', { withoutT1: 'this is a test of T0' }],
  ['at the best tier', {}],
]

describe.each(tiers)('in the workspace, %s, it tells', (_, options) => {
  it.each(scripts)('%s', async (_name, script, files) => {
    using seen = new Observed(options)
    await seen.run('sh', '-c', `ACT='${act}'; ${script}`)
    // The kernel names a file without a name by its number.
    expect(seen.files().map((line) => line.replace(/#\d+/, '#'))).toEqual(atTier(seen, files))
  })
})

describe.each(tiers)('without a workspace, %s,', (_, options) => {
  it.each(scripts)('%s: nothing is told', async (_name, script) => {
    using seen = new Observed({ ...options, workspace: null })
    await seen.run('sh', '-c', `ACT='${act}'; ${script}`)
    expect(seen.files()).toEqual([])
  })

  it('sensitive places are told as ever, those in the folder itself, too', async () => {
    using seen = new Observed({ ...options, workspace: null })
    await seen.run('sh', '-c', 'echo > .npmrc; mkdir .ssh; mv .npmrc .ssh/a; cat .ssh/a')
    expect(seen.files()).toEqual(
      atTier(seen, [
        'create W/.npmrc kernel registry-credential',
        'rename W/.npmrc -> W/.ssh/a user registry-credential',
        'read W/.ssh/a kernel ssh-key',
      ]),
    )
    const { stdout } = await seen.run(sandbox, 'mem', 'mem')
    expect(seen.files().at(-1)).toBe(`read /proc/${Number(stdout)}/mem kernel process-memory`)
  })
})

// Kernels for arm64 have no second interface that a 64-bit program could call.
if (process.arch === 'x64') {
  it('acts by the 32-bit interface are told, too', async () => {
    using seen = new Observed({ withoutT1: 'this is a test of T0' })
    const { status } = await seen.run(act, 'ia32', 'a')
    // Where the kernel has no such interface, the program dies of it, and nothing has been done.
    expect(seen.files()).toEqual(status === 0 ? ['create W/a kernel'] : [])
  })
}

/** Puts a file into the home folder F/home. */
function home(seen: Observed, file: string): void {
  const path = `${seen.folder}/home/${file}`
  mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true })
  writeFileSync(path, 'secret')
}

describe('in sensitive places, it tells', () => {
  it.each([
    ['.ssh/id_ed25519', 'ssh-key'],
    ['.ssh/other', 'ssh-key'],
    ['.npmrc', 'registry-credential'],
    ['.docker/config.json', 'registry-credential'],
    ['.aws/credentials', 'cloud-credential'],
    ['.git-credentials', 'git-credential'],
    ['.kube/config', 'kube-credential'],
    ['.gnupg/private-keys-v1.d/a.key', 'gpg-key'],
    ['.config/gcloud/application_default_credentials.json', 'cloud-credential'],
  ])('that ~/%s is read', async (file, name) => {
    using seen = new Observed()
    home(seen, file)
    await seen.run('cat', `../home/${file}`)
    expect(seen.files()).toEqual([`read F/home/${file} kernel ${name}`])
  })

  it.each(['.docker/other', '.config/config.json', 'config', 'npmrc', '.ssh/a/b'])(
    'nothing of ~/%s',
    async (file) => {
      using seen = new Observed()
      home(seen, file)
      await seen.run('cat', `../home/${file}`)
      expect(seen.files()).toEqual([])
    },
  )

  it('that the password database is read, by whatever name', async () => {
    using seen = new Observed()
    symlinkSync('/etc/shadow', `${seen.folder}/innocent`)
    await seen.run('sh', '-c', 'cat /etc/shadow; cat ../innocent')
    expect(seen.files()).toEqual([
      'read /etc/shadow kernel password-database',
      'read /etc/shadow kernel password-database',
    ])
  })

  it('a key by a hard link that it had before the sensor started', async () => {
    const folder = new Observed()
    home(folder, '.ssh/id_rsa')
    using seen = new Observed({ homes: [`${folder.folder}/home`] })
    await seen.run('sh', '-c', `ln '${folder.folder}/home/.ssh/id_rsa' x; cat x`)
    expect(seen.files().at(-1)).toBe('read W/x kernel ssh-key')
    folder[Symbol.dispose]()
  })

  it('what comes there by a link to their folder, and a key that gets another name by a descriptor', async () => {
    using seen = new Observed()
    home(seen, '.config/systemd/user/old.service')
    symlinkSync(`${seen.folder}/home/.config/systemd/user`, `${seen.folder}/u`)
    await seen.run('sh', '-c', 'echo x > ../e; mv ../e ../u/e.service')
    home(seen, '.aws/credentials')
    await seen.run(act, 'link-path', '../home/.aws/credentials', '../hc')
    expect(seen.files()).toEqual(
      atTier(seen, [
        'rename F/e -> F/home/.config/systemd/user/e.service user service',
        'hard F/home/.aws/credentials -> F/hc user cloud-credential',
      ]),
    )
  })

  it('or counts, what was done by a name that only the process could follow', async () => {
    using seen = new Observed({ withoutT1: 'this is a test of T0' })
    writeFileSync(`${seen.folder}/a`, '')
    await seen.run(act, 'rename', '../a', '/proc/self/cwd/b')
    expect(seen.files()).toEqual([])
    expect(seen.sensor.lost()).toEqual({ file: 1 })
  })

  it('that somebody who may not read it has tried', async () => {
    using seen = new Observed()
    await seen.run(act, 'nobody', '/etc/shadow')
    expect(seen.files()).toEqual(['read /etc/shadow user password-database errno 13'])
  })

  it.each(['mem', 'environ'])("another process's /proc/PID/%s", async (name) => {
    using seen = new Observed()
    const { stdout } = await seen.run(sandbox, 'mem', name)
    const pid = Number(stdout)
    expect(seen.of('file')).toMatchObject([
      { path: `/proc/${pid}/${name}`, targetTgid: pid, action: 'read' },
    ])
  })

  describe.each(['mounted', 'bound', 'process', 'file', 'thread', 'thread-alone', 'nowhere'])(
    "another process's file of /proc, by a name of the job's making (%s)",
    (way) => {
      it.each([
        ['mem', 'process-memory'],
        ['environ', 'process-environment'],
      ])('%s', async (name, sensitive) => {
        using seen = new Observed()
        const { stdout, status } = await seen.run(sandbox, 'memby', name, way)
        const pid = Number(stdout)
        expect(status).toBe(0)
        expect(seen.of('file').filter(({ targetTgid }) => targetTgid !== null)).toMatchObject([
          { path: `/proc/${pid}/${name}`, targetTgid: pid, action: 'read', sensitive },
        ])
      })
    },
  )

  it("that the code of the runner's worker is opened for writing, which .NET keeps in a memory file", async () => {
    using seen = new Observed()
    const { stdout } = await seen.run(sandbox, 'code', 'Runner.Worker', 'write')
    const pid = Number(stdout)
    expect(seen.of('file')).toMatchObject([
      {
        path: expect.stringMatching(`^/proc/${pid}/fd/\\d+$`),
        targetTgid: pid,
        action: 'write',
        sensitive: 'process-memory',
        truth: 'kernel',
      },
    ])
  })

  it.each([
    ['Runner.Worker', 'read'],
    ['Runner.Worker', 'own'],
    ['dotnet', 'write'],
  ])('nothing of such a file of %s: %s', async (name, how) => {
    using seen = new Observed()
    const { status } = await seen.run(sandbox, 'code', name, how)
    expect(status).toBe(0)
    expect(seen.files()).toEqual([])
  })

  it('of a process that reads its own, the environment alone: it may hand it on', async () => {
    using seen = new Observed()
    await seen.run('sh', '-c', 'head -c 1 /proc/self/mem; cat /proc/self/environ > /dev/null')
    expect(seen.files().map((line) => line.replace(/\d+/, 'PID'))).toEqual([
      'read /proc/PID/environ kernel process-environment',
    ])
  })

  it('writes of files that are only read-protected in spirit', async () => {
    using seen = new Observed()
    home(seen, '.bashrc')
    await seen.run('sh', '-c', 'cat ../home/.bashrc; echo >> ../home/.bashrc')
    expect(seen.files()).toEqual(['write F/home/.bashrc kernel shell-startup'])
  })
})

/** The same file by a name of the job's making: a mount M of a part of what is watched, or a folder that gets another name. */
const otherNames: [name: string, script: string, files: string[]][] = [
  [
    'a part of the workspace that is mounted',
    'mkdir src; mount --bind src "$M"; cd "$M"; echo x > a; mv a b; rm b',
    ['create W/src/a kernel', 'rename W/src/a -> W/src/b user', 'delete W/src/b user'],
  ],
  [
    'a part of the workspace that is mounted nowhere any more',
    'mkdir src; mount --bind src "$M"; cd "$M"; umount -l "$M"; echo x > a',
    ['create W/src/a kernel'],
  ],
  [
    'the workspace as the upper folder of an overlay',
    'mkdir ../low ../work-of src; echo x > src/a; mount -t overlay -o lowerdir=../low,upperdir=src,workdir=../work-of overlay "$M"; echo y >> "$M/a"',
    ['create W/src/a kernel', 'write W/src/a kernel'],
  ],
  [
    '/proc/sys, mounted in part and with another /proc',
    'mount --bind /proc/sys "$M"; : >> "$M/kernel/core_pattern"; mount -t proc proc "$M"; : >> "$M/sys/kernel/core_pattern"',
    Array<string>(2).fill('write /proc/sys/kernel/core_pattern kernel kernel-setting'),
  ],
  [
    '/etc, mounted in part',
    'mount --bind /etc/profile.d "$M"; : >> "$M/runwarden-test.sh"; cd "$M"; rm runwarden-test.sh; mount --bind /etc "$M"; : >> "$M/hosts"',
    [
      'create /etc/profile.d/runwarden-test.sh kernel shell-startup',
      'delete /etc/profile.d/runwarden-test.sh user shell-startup',
      'write /etc/hosts kernel name-resolution',
    ],
  ],
  [
    'a secret that came after the start, in a folder that is mounted',
    'mkdir ../home/.ssh; echo x > ../home/.ssh/deploy; mount --bind ../home/.ssh "$M"; cat "$M/deploy"',
    ['create F/home/.ssh/deploy kernel ssh-key', 'read F/home/.ssh/deploy kernel ssh-key'],
  ],
  [
    'secrets of before and after the start, below an overlay',
    'echo x > ../home/.kube/config; mount -t overlay -o lowerdir=../home/.aws:../home/.kube overlay "$M"; cat "$M/credentials" "$M/config"',
    [
      'create F/home/.kube/config kernel kube-credential',
      'read F/home/.aws/credentials kernel cloud-credential',
      'read F/home/.kube/config kernel kube-credential',
    ],
  ],
  [
    'a secret of after the start, in a folder that gets another name meanwhile',
    'cd ../home; echo x > .kube/config; mv .kube q; cat q/config; mv q .kube; mkdir .docker; mv .docker q; mv q .docker',
    [
      'create F/home/.kube/config kernel kube-credential',
      'rename F/home/.kube -> F/home/q user kube-credential',
      'read F/home/.kube/config kernel kube-credential',
      'rename F/home/q -> F/home/.kube user kube-credential',
      'rename F/home/.docker -> F/home/q user registry-credential',
      'rename F/home/q -> F/home/.docker user registry-credential',
    ],
  ],
]

describe.each(tiers)("by a name of the job's making, %s, it tells", (_, options) => {
  it.each(otherNames)('%s', async (_name, script, files) => {
    const before = new Observed()
    home(before, '.aws/credentials')
    mkdirSync(`${before.folder}/home/.kube`)
    using seen = new Observed({ ...options, homes: [`${before.folder}/home`] })
    mkdirSync(`${seen.folder}/m`)
    symlinkSync(`${before.folder}/home`, `${seen.folder}/home`)
    const { status, stderr } = await seen.run(
      'unshare',
      '-m',
      'sh',
      '-ec',
      `M='${seen.folder}/m'; ${script}`,
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(seen.files().map((line) => line.replaceAll(before.folder, 'F'))).toEqual(
      atTier(seen, files),
    )
    before[Symbol.dispose]()
  })

  it('what is opened by a handle and has no name', async () => {
    using seen = new Observed(options)
    mkdirSync(`${seen.folder}/m`)
    // What the kernel knew of the names goes when it is mounted anew.
    const program = `import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
handle = (ctypes.c_uint * 40)(128)
assert libc.name_to_handle_at(-100, b'a', handle, ctypes.byref(ctypes.c_int()), 0) == 0
assert os.system('mount -o remount .') == 0
top = os.open('.', os.O_RDONLY)
for flags in os.O_RDONLY, os.O_WRONLY: assert libc.open_by_handle_at(top, handle, flags) > 0`
    const { status, stderr } = await seen.run(
      'unshare',
      '-m',
      'sh',
      '-ec',
      `cd ..; truncate -s 4M img; mkfs.ext4 -q img; mount -o loop img m; cd m; echo x > a; exec python3 -c "$1"`,
      'sh',
      program,
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(seen.files().map((line) => line.replace(/inode-\d+/, 'inode-N'))).toEqual([
      'read /…/inode-N kernel opened-by-handle',
      'write /…/inode-N kernel opened-by-handle',
    ])
  })

  it('what is deep, and says what is missing of its path', async () => {
    using seen = new Observed(options)
    const program = `import os
for name, depth in ('d', 300), ('e' * 200, 40):
    os.chdir('${seen.workspace}')
    for i in range(depth): os.mkdir(name); os.chdir(name)
    open('a', 'w').close(); os.unlink('a')`
    await seen.run('python3', '-c', program)
    const cut = expect.stringMatching(/^\/…(\/e{200})+\/a$/) as string
    const whole = `${seen.workspace}${'/d'.repeat(300)}/a`
    expect(seen.of('file')).toMatchObject([
      { action: 'create', workspace: true, path: whole },
      { action: 'delete', workspace: true, path: whole },
      { action: 'create', workspace: true, path: cut },
      { action: 'delete', workspace: true, path: cut },
    ])
  })
})

/** Acts by io_uring, after `a` was made in W by the test. */
const requests: [args: string[], files: string[]][] = [
  [['open', 'n'], ['create W/n kernel io_uring']],
  [['open', 'a'], ['write W/a kernel io_uring']],
  [['open2', 'n'], ['create W/n kernel io_uring']],
  [['worker', 'n'], ['create W/n kernel io_uring']],
  [['read', 'a'], []],
  [['read', '/etc/shadow'], ['read /etc/shadow kernel password-database io_uring']],
  [['read', 'l'], ['read /etc/shadow kernel password-database io_uring']],
  [['unlink', 'a'], ['delete W/a user io_uring']],
  [['rename', 'a', 'b'], ['rename W/a -> W/b user io_uring']],
  [['link', 'a', 'b'], ['hard W/a -> W/b user io_uring']],
  [['symlink', 'text', 'b'], ['symbolic text -> W/b user io_uring']],
  [['fixed', 'n'], ['create W/n kernel io_uring']],
  [['read-fixed', 'l'], ['read /etc/shadow kernel password-database io_uring']],
  [['batch-fixed-linked', 'l'], ['read /etc/shadow kernel password-database io_uring']],
  [['batch-fixed-linked', 'a'], []],
  [['silent', 'n'], ['write W/n user io_uring']],
]

describe.each(tiers)('by io_uring, %s, it tells', (_, options) => {
  it.each(requests)('%j', async (args, files) => {
    using seen = new Observed(options)
    writeFileSync(`${seen.workspace}/a`, '')
    symlinkSync('/etc/shadow', `${seen.workspace}/l`)
    const { status, stderr } = await seen.run(uring, ...args)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(seen.files()).toEqual(atTier(seen, files))
    expect(seen.sensor.lost()).toEqual({})
  })
})

it.each(['/etc/shadow', 'l'])(
  'an open of %s by io_uring is told where another thread puts another file in its place',
  async (name) => {
    using seen = new Observed({ withoutT1: 'this is a test of T0' })
    writeFileSync(`${seen.workspace}/a`, '')
    symlinkSync('/etc/shadow', `${seen.workspace}/l`)
    const { status } = await seen.run(uring, 'swapped', name, 'a')
    expect(status).toBe(0)
    expect(seen.files()).toEqual([
      expect.stringMatching(/^read \/etc\/shadow (?:user|kernel) password-database io_uring$/),
    ])
    expect(seen.sensor.lost()).toEqual({})
  },
)

/** Opens by io_uring whose file is gone, or another one is in its place, when they complete: what is told when `l` is opened. */
const unseen: [mode: string, other: string[], files: string[]][] = [
  ['batch', [], ['kernel', 'user']],
  ['batch', ['a'], ['kernel', 'user']],
  ['batch-fixed', [], ['kernel', 'user']],
  ['batch-linked', [], ['kernel', 'user']],
  ['batch-apart', [], ['user']],
  ['batch-apart', ['a'], ['user']],
  ['batch-fixed-apart', [], ['user']],
  ['batch-fixed-apart', ['a'], ['user']],
  ['read-silent', [], ['user']],
]

describe.each(unseen)(
  'an open by io_uring that may not be seen at T0, %s %j,',
  (mode, other, files) => {
    it.each([
      ['l', files.map((truth) => `read /etc/shadow ${truth} password-database io_uring`)],
      ['a', []],
    ])('of %s', async (name, told) => {
      using seen = new Observed({ withoutT1: 'this is a test of T0' })
      writeFileSync(`${seen.workspace}/a`, '')
      symlinkSync('/etc/shadow', `${seen.workspace}/l`)
      const { status } = await seen.run(uring, mode, name, ...other)
      expect(status).toBe(0)
      // By the time of the act: a name is of the submission, its file was seen later.
      expect(seen.files().toSorted()).toEqual(told)
      if (told.length === 0) expect(seen.sensor.lost()).toMatchObject({ file: expect.any(Number) })
    })
  },
)
