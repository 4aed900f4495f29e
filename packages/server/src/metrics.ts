type Labels = Readonly<Record<string, string>>

interface Metric {
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  lines: (name: string) => string[]
}

interface Series {
  labels: Labels
  /** For each bound, how many took no longer. */
  counts: number[]
  sum: number
  count: number
}

/** Metrics in Prometheus' text format, version 0.0.4. The last release of npm's prom-client is years old, and this is all that is needed. */
export class Metrics {
  readonly #all = new Map<string, Metric>()

  /** Something that only grows. Label values come from the sources, never from a request: each is kept for good. */
  counter(name: string, help: string): (labels?: Labels, by?: number) => void {
    const values = new Map<string, number>()
    this.#add(name, { type: 'counter', help, lines: (full) => written(full, values) })
    return (labels = {}, by = 1) => {
      const key = labelText(labels)
      values.set(key, (values.get(key) ?? 0) + by)
    }
  }

  /** Something that is asked for when it is read. */
  gauge(name: string, help: string, read: () => number): void {
    this.#add(name, { type: 'gauge', help, lines: (full) => [`${full} ${read()}`] })
  }

  /** How often something took how long, seconds. */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
  ): (seconds: number, labels?: Labels) => void {
    const series = new Map<string, Series>()
    this.#add(name, {
      type: 'histogram',
      help,
      lines: (full) => [...series.values()].flatMap((one) => histogramLines(full, bounds, one)),
    })
    return (seconds, labels = {}) => {
      // Of one metric they always come in one order; their text is made when it is read.
      const key = Object.values(labels).join('\n')
      let one = series.get(key)
      if (one === undefined) {
        one = { labels, counts: bounds.map(() => 0), sum: 0, count: 0 }
        series.set(key, one)
      }
      one.sum += seconds
      one.count++
      for (const [i, bound] of bounds.entries())
        if (seconds <= bound) one.counts[i] = (one.counts[i] ?? 0) + 1
    }
  }

  /** The whole page. */
  toString(): string {
    let page = ''
    for (const [name, { type, help, lines }] of this.#all)
      page += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines(name)
        .map((line) => `${line}\n`)
        .join('')}`
    return page
  }

  #add(name: string, metric: Metric): void {
    if (this.#all.has(name)) throw new Error(`there are two metrics ${name}`)
    this.#all.set(name, metric)
  }
}

function labelText(labels: Labels): string {
  const all = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value
        .replaceAll('\\', String.raw`\\`)
        .replaceAll('"', String.raw`\"`)
        .replaceAll('\n', String.raw`\n`)}"`,
  )
  return all.length === 0 ? '' : `{${all.join(',')}}`
}

const written = (name: string, values: ReadonlyMap<string, number>): string[] =>
  [...values].map(([labels, value]) => `${name}${labels} ${value}`)

function histogramLines(
  name: string,
  bounds: readonly number[],
  { labels, counts, sum, count }: Series,
): string[] {
  const bucket = (le: string, value: number): string =>
    `${name}_bucket${labelText({ ...labels, le })} ${value}`
  return [
    ...bounds.map((bound, i) => bucket(String(bound), counts[i] ?? 0)),
    bucket('+Inf', count),
    `${name}_sum${labelText(labels)} ${sum}`,
    `${name}_count${labelText(labels)} ${count}`,
  ]
}
