import { type Handle, native } from './native.ts'

/** Places of a program or library file. */
export interface UprobePlaces {
  /** Of instructions, bytes from the begin of the file. */
  offsets: BigUint64Array
  /** What bpf_get_attach_cookie gives the program there; as many. */
  cookies: BigUint64Array
  /** The program runs when the functions that begin there return. Not for Go: its stacks move. */
  returns: boolean
}

const handles = new WeakMap<Uprobes, Handle<'uprobes'>>()

/** A program's hold on places of one file. */
export class Uprobes {
  readonly #handle: Handle<'uprobes'>

  /** @internal see BpfObject.attachUprobes */
  constructor(object: Handle<'object'>, program: string, path: string, places: UprobePlaces) {
    const { offsets, cookies, returns } = places
    this.#handle = native().attachUprobes(object, program, path, offsets, cookies, returns)
    handles.set(this, this.#handle)
  }

  /** Takes some tens of milliseconds: see closeUprobes for many. */
  close(): void {
    native().close(this.#handle)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Closes all, in the time that one takes: the kernel waits until no processor runs the programs any more. */
export function closeUprobes(uprobes: readonly Uprobes[]): void {
  native().closeUprobes(uprobes.flatMap((one) => handles.get(one) ?? []))
}
