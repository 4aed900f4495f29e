/** Options of procps' ps that take a value: the rest of their word, else the next argument. */
const valuesOfUnix = /[CGNOUgnopqstu]/
const valuesOfBsd = /[NOUkopqt]/
const valuesOfLong = new Set(
  'Group User cols columns format group lines pid ppid quick-pid rows sid sort tty user width'
    .split(' ')
    .map((name) => `--${name}`),
)
/** Letters that are no option behind a dash: with one of these ps takes all arguments for BSD's, whether they have a dash or not. */
const noUnix = /[^ACDFGHLMNOPTUVZacdefgjlmnopqstuwy]/
/** What stands behind -u in `ps -auxe`. A user of that name is improbable. */
const unlikelyUser = /^[aefhlrwx]+$/
/** Of longer command lines only the beginning is known. */
const mostKnown = 900

interface Program {
  readonly exe: string
  readonly argv: readonly string[]
  readonly preexisting: boolean
}

/** Whether it is ps, which opens the environments of all processes whatever it is asked, and was not asked to show them. */
export function isPlainPs({ exe, argv, preexisting }: Program): boolean {
  const isPs = exe === '/usr/bin/ps' || exe === '/bin/ps' || (preexisting && exe.endsWith('/ps'))
  return isPs && !psShowsEnvironment(argv)
}

/** Whether ps shows the environments of processes when it is started so: by the option e without a dash, or by a format. */
export function psShowsEnvironment(argv: readonly string[]): boolean {
  const words = argv.slice(1)
  if (words.join(' ').length > mostKnown || words.some((word) => word.includes('env'))) return true
  return asksForIt(words, false)
}

function asksForIt(words: readonly string[], dashless: boolean): boolean {
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word.startsWith('--')) {
      if (valuesOfLong.has(word)) at++
      continue
    }
    const unix = !dashless && word.startsWith('-')
    const letters = word.replace(/^-/, '')
    // Numbers of processes and of sessions.
    if (!/^[A-Za-z]/.test(letters)) continue
    const valued = letters.search(unix ? valuesOfUnix : valuesOfBsd)
    const options = valued < 0 ? letters : letters.slice(0, valued)
    const value = valued < 0 ? '' : letters.slice(valued + 1)
    if (!unix && options.includes('e')) return true
    const isNoUnix = noUnix.test(options) || (letters[valued] === 'u' && unlikelyUser.test(value))
    if (unix && isNoUnix && asksForIt(words, true)) return true
    if (valued >= 0 && value === '') at++
  }
  return false
}
