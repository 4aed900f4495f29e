import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a container has beside busybox: real clients of the network. */
const programs = ['/usr/bin/curl', '/usr/bin/dig', '/usr/bin/getent']

/** The loader looks nowhere else. */
const libraryPattern = /(?:=>|^)\s+(\/\S+) \(0x/gm

/**
 * Puts together the file tree of a small image from this machine's own files: busybox (its commands
 * as links), curl, dig and getent with their libraries, and a certificate to trust.
 */
export function makeTree(folder: string, caFile: string): void {
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) {
    mkdirSync(join(folder, 'usr', name), { recursive: true })
    symlinkSync(`usr/${name}`, join(folder, name))
  }
  for (const name of ['etc', 'dev', 'proc', 'sys', 'run', 'tmp', 'root'])
    mkdirSync(join(folder, name))
  for (const path of ['/usr/bin/busybox', ...programs]) take(folder, path)
  const listed = execFileSync('ldd', programs, { encoding: 'utf8' })
  for (const [, path] of listed.matchAll(libraryPattern)) if (path !== undefined) take(folder, path)
  const applets = execFileSync('busybox', ['--list'], { encoding: 'utf8' }).split('\n')
  for (const name of applets.filter((applet) => applet !== '' && applet !== 'busybox'))
    symlinkSync('busybox', join(folder, 'usr/bin', name))
  copyFileSync(caFile, join(folder, 'etc/ca.pem'))
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n')
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\n')
  writeFileSync(join(folder, 'etc/nsswitch.conf'), 'hosts: files dns\n')
}

function take(folder: string, path: string): void {
  const to = join(folder, path)
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(path, to)
}
