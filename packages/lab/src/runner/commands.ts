import type { StepLog } from './log-pages.ts'
import type { Masks } from './masks.ts'

/** What a step said by `::error::`, `::warning::` or `::notice::`. */
export interface Annotation {
  level: 'error' | 'warning' | 'notice'
  message: string
  /** `file`, `line`, `title` and their kind. */
  properties: Record<string, string>
}

/** Unescapes what the toolkit escapes in a command's data. */
function dataOf(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function propertiesOf(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((pair) => {
    const equals = pair.indexOf('=')
    if (equals <= 0) return []
    const value = pair
      .slice(equals + 1)
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
    return [[pair.slice(0, equals).trim(), dataOf(value)] as const]
  })
  return Object.fromEntries(pairs)
}

/** Takes the lines that a step's process writes: commands to the runner among what is only logged. */
export class Commands {
  readonly annotations: Annotation[] = []
  readonly outputs: Record<string, string> = {}
  readonly state: Record<string, string> = {}
  /** A command was not allowed: the step has failed. */
  failed = false
  readonly #log: StepLog
  readonly #masks: Masks
  #echo = false
  #stopped: string | undefined

  constructor(log: StepLog, masks: Masks) {
    this.#log = log
    this.#masks = masks
  }

  /** What the runner itself has to say of the step: in its log and as an annotation. */
  tell(level: Annotation['level'], message: string): void {
    this.annotations.push({ level, message: this.#masks.apply(message), properties: {} })
    this.#log.line(`##[${level}]${message}`)
  }

  line(text: string): void {
    const [, name = '', properties = '', data = ''] =
      /^\s*::([A-Za-z0-9_-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$/s.exec(text) ?? []
    if (name === '' || !this.#process(name.toLowerCase(), propertiesOf(properties), data, text))
      this.#log.line(text)
  }

  /** @returns whether it was a command */
  #process(name: string, properties: Record<string, string>, data: string, text: string): boolean {
    if (this.#stopped !== undefined) {
      if (name === this.#stopped) this.#stopped = undefined
      return false
    }
    const value = dataOf(data)
    switch (name) {
      case 'stop-commands':
        this.#stopped = value.toLowerCase()
        return false
      case 'add-mask':
        this.#masks.add(value)
        if (this.#echo) this.#log.line('::add-mask::***')
        return true
      case 'error':
      case 'warning':
      case 'notice':
        this.annotations.push({ level: name, message: this.#masks.apply(value), properties })
        this.#log.line(`##[${name}]${value}`)
        return true
      case 'group':
      case 'endgroup':
        this.#log.line(`##[${name}]${value}`)
        return true
      case 'echo':
        this.#echo = value.toLowerCase() === 'on'
        return true
      case 'debug':
        // Logged by the runner only where the debug log is on.
        return true
      case 'set-output':
        this.outputs[properties['name'] ?? ''] = value
        break
      case 'save-state':
        this.state[properties['name'] ?? ''] = value
        break
      case 'add-matcher':
      case 'remove-matcher':
        break
      case 'set-env':
      case 'add-path':
        this.failed = true
        this.#log.line(`##[error]Unable to process command '${text}' successfully.`)
        this.#log.line(`##[error]The \`${name}\` command is disabled.`)
        return true
      default:
        return false
    }
    if (this.#echo) this.#log.line(text)
    return true
  }
}
