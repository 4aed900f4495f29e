import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const helper = '/usr/lib/git-core/git-remote-https'

/**
 * Git as distributions other than Debian build it, with OpenSSL: Debian's own, with a library in place of its libcurl that hands
 * each call on to Debian's other libcurl.
 * @param library the libcurl to be used
 * @returns LD_LIBRARY_PATH for such a git
 */
export function gitWith(library: 'libcurl.so.4' | 'libcurl-nss.so.4', folder: string): string {
  mkdirSync(folder)
  const names = execFileSync('nm', ['-D', helper], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => /\bU (curl_\w+)@/.exec(line)?.[1] ?? [])
  const source = join(folder, 'stand-in.c')
  writeFileSync(
    source,
    `#include <dlfcn.h>
${names.map((name) => `void *real_${name};\n__asm__(".pushsection .text\\n.globl ${name}\\n.type ${name},@function\\n${name}: mov real_${name}@GOTPCREL(%rip), %r11\\njmp *(%r11)\\n.popsection\\n");`).join('\n')}
__attribute__((constructor)) static void find(void)
{
	void *curl = dlopen("${library}", RTLD_NOW | RTLD_LOCAL);
${names.map((name) => `\treal_${name} = dlsym(curl, "${name}");`).join('\n')}
}
`,
  )
  const versions = join(folder, 'versions')
  writeFileSync(versions, `CURL_GNUTLS_3 { global: curl_*; real_*; };\n`)
  const made = join(folder, 'libcurl-gnutls.so.4')
  execFileSync('gcc', ['-shared', '-fPIC', `-Wl,--version-script=${versions}`, '-o', made, source])
  return folder
}
