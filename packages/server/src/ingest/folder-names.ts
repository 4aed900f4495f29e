/** What a job had to do with a file, in one part of its record. */
export interface Touched {
  name: string
  count: number
  firstTime: number
  lastTime: number
}

/**
 * Files of one folder as JSON: each its name, then when, in milliseconds behind `since`; the last time and how often follow where
 * it was more than once.
 */
export function writeNames(files: Iterable<Touched>, since: number): string {
  const said: (string | number)[] = []
  for (const { name, count, firstTime, lastTime } of files) {
    said.push(name, Math.round(firstTime - since))
    if (count > 1) said.push(Math.round(lastTime - since), count)
  }
  return JSON.stringify(said)
}

export function* readNames(json: string, since: number): Generator<Touched> {
  const said = JSON.parse(json) as (string | number)[]
  for (let at = 0; at < said.length;) {
    const name = String(said[at])
    const first = Number(said[at + 1])
    const once = at + 2 >= said.length || typeof said[at + 2] === 'string'
    yield {
      name,
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
