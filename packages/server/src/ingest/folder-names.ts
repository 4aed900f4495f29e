/** What a job had to do with a file, in one part of its record. */
export interface Touched {
  name: string
  count: number
  firstTime: number
  lastTime: number
}

/**
 * Files of one folder, as they are said in JSON: each its name, then when, in milliseconds behind the first of them; where it was
 * several times in a row, the last time and how often follow. A name may come again.
 */
export class FolderNames {
  count = 0
  firstTime: number
  lastTime: number
  readonly #since: number
  readonly #said: (string | number)[] = []
  #last = ''

  constructor(time: number) {
    this.#since = time
    this.firstTime = time
    this.lastTime = time
  }

  add(name: string, time: number): void {
    this.count++
    if (time < this.firstTime) this.firstTime = time
    if (time > this.lastTime) this.lastTime = time
    const said = this.#said
    const at = Math.round(time - this.#since)
    if (name !== this.#last || said.length === 0) {
      this.#last = name
      said.push(name, at)
      return
    }
    const once = typeof said.at(-2) === 'string'
    if (once) said.push(at, 2)
    else {
      said[said.length - 2] = Math.max(at, Number(said.at(-2)))
      said[said.length - 1] = Number(said.at(-1)) + 1
    }
  }

  toJson(): string {
    return JSON.stringify([this.#since, ...this.#said])
  }
}

export function* readNames(json: string): Generator<Touched> {
  const [since = 0, ...said] = JSON.parse(json) as [number, ...(string | number)[]]
  for (let at = 0; at < said.length;) {
    const first = Number(said[at + 1])
    const once = at + 2 >= said.length || typeof said[at + 2] === 'string'
    yield {
      name: String(said[at]),
      count: once ? 1 : Number(said[at + 3]),
      firstTime: since + first,
      lastTime: since + (once ? first : Number(said[at + 2])),
    }
    at += once ? 2 : 4
  }
}

/** How a name, or the beginning of one, stands in that JSON: what does not have this does not have the name. */
export const writtenName = (name: string, { whole }: { whole: boolean }): string => {
  const written = JSON.stringify(name)
  return whole ? `${written},` : written.slice(0, -1)
}
