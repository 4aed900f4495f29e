/** Options of shells that take the next argument as their value. */
const withValue = new Set(['--rcfile', '--init-file', '-o', '+o', '-O', '+O'])
/** Scripts that are the shell's own input. */
const ownInput = new Set(['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])

/** Whether a shell with these arguments takes its commands from its input: none is a command or a script. */
export function readsCommands(words: readonly string[]): boolean {
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (!/^[-+]/.test(word)) return ownInput.has(word)
    if (word.startsWith('--command')) return false
    if (withValue.has(word)) at++
    else if (!word.startsWith('--')) {
      if (word.includes('c')) return false
      // What follows are its parameters.
      if (word.includes('s')) return true
      // As in -eo pipefail.
      if (/o$/i.test(word)) at++
    }
  }
  return true
}
