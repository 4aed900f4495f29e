const names =
  'cat chmod chown cp dd echo env false head id link ln ls mkdir mkfifo mknod mktemp mv printf ' +
  'readlink rm rmdir setpriv sleep stat sync tail tee touch tr true truncate uname unlink wc'

/**
 * The shell and the small programs as users' machines have them, each an own file: busybox, which
 * every guest has, is one program for all.
 */
export const ordinaryPrograms: readonly string[] = [
  '/usr/bin/bash',
  '/usr/bin/dash',
  '/usr/bin/sh',
  ...names.split(' ').map((name) => `/usr/bin/${name}`),
]
