/** What the runner takes out of logs: values, and what they look like in the usual encodings. */
export class Masks {
  readonly #values = new Set<string>()

  constructor(secrets: Readonly<Record<string, string>>) {
    for (const value of Object.values(secrets)) this.add(value)
  }

  /** A secret's lines are secrets, too: logs are masked line by line. */
  add(secret: string): void {
    for (const value of [secret, ...secret.split(/[\r\n]+/)])
      if (value.trim() !== '') for (const form of formsOf(value)) this.#values.add(form)
  }

  apply(text: string): string {
    // The longest first: a shorter one within it would leave its ends.
    const found = [...this.#values].filter((value) => text.includes(value))
    found.sort((a, b) => b.length - a.length)
    return found.reduce((masked, value) => masked.replaceAll(value, '***'), text)
  }
}

/** A value, and its Base64 at each of the three offsets, and as part of JSON and of a URI. */
function formsOf(value: string): string[] {
  const base64 = [0, 1, 2].map((shift) => {
    const bytes = Buffer.from(value).subarray(shift)
    // Only whole groups of three bytes are the same whatever follows.
    return bytes.subarray(0, bytes.length - (bytes.length % 3)).toString('base64')
  })
  return [
    value,
    Buffer.from(value).toString('base64'),
    ...base64.filter((text) => text.length >= 8),
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
  ]
}
