import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface BtfType {
  kind: string
  name: string
  size?: number
  members?: { name: string; bits_offset: number }[]
  values?: { name: string; val: number }[]
}

const bpf = fileURLToPath(new URL('../../../bpf', import.meta.url))

/** The types of a kernel object, as BTF has them. */
export class ObjectTypes {
  readonly #types: readonly BtfType[]

  /**
   * @param name as in `NAME.bpf.o`
   * @param architecture as node calls it
   */
  constructor(name: string, architecture: string = process.arch) {
    const object = `${bpf}/build/${architecture}/${name}.bpf.o`
    if (!existsSync(object)) execFileSync('make', ['-C', bpf])
    const text = execFileSync('bpftool', ['btf', 'dump', 'file', object, '-j'], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    this.#types = (JSON.parse(text) as { types: BtfType[] }).types
  }

  #find(kind: 'STRUCT' | 'ENUM', is: (type: BtfType) => boolean, what: string): BtfType {
    const found = this.#types.find((type) => type.kind === kind && is(type))
    if (found === undefined) throw new Error(`the object has no ${what}`)
    return found
  }

  /** Bytes of a struct. */
  size(struct: string): number {
    return this.#find('STRUCT', ({ name }) => name === struct, `struct ${struct}`).size ?? 0
  }

  /** Where the members of a struct are, bytes from its beginning. */
  offsets(struct: string): Record<string, number> {
    const { members } = this.#find('STRUCT', ({ name }) => name === struct, `struct ${struct}`)
    return Object.fromEntries(
      members?.map(({ name, bits_offset }) => [name, bits_offset / 8]) ?? [],
    )
  }

  /** The numbers of an enum, by its name or, where it has none, by what one of them is called. */
  numbers(of: string): Record<string, number> {
    const { values } = this.#find(
      'ENUM',
      ({ name, values }) => name === of || (values ?? []).some((value) => value.name === of),
      `enum ${of}`,
    )
    return Object.fromEntries(values?.map(({ name, val }) => [name, val]) ?? [])
  }
}
