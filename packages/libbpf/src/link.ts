import { type Handle, native } from './native.ts'

const handles = new WeakMap<Link, Handle<'link'>>()

/** The handle behind a link, for the other files of this package. */
export function linkHandleOf(link: Link): Handle<'link'> {
  const handle = handles.get(link)
  if (!handle) throw new TypeError('not a Link')
  return handle
}

/** What holds a program to its hook. Closing it detaches the program, unless it is pinned. */
export class Link {
  readonly #handle: Handle<'link'>

  /** @internal see BpfObject.attach and openPinnedLink */
  constructor(handle: Handle<'link'>) {
    this.#handle = handle
    handles.set(this, handle)
  }

  /** Gives the link a name in a bpffs: the program stays attached when this process ends. */
  pin(path: string): void {
    native().pin(this.#handle, path)
  }

  /** Takes the program off its hook at once, pinned or not (cgroup links and the like). */
  detach(): void {
    native().detach(this.#handle)
  }

  /** Runs an iterator program (`SEC("iter/…")`) once and returns all that it wrote. */
  read(): Buffer {
    return native().readIter(this.#handle)
  }

  close(): void {
    native().close(this.#handle)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Opens a link by its name in a bpffs. */
export function openPinnedLink(path: string): Link {
  return new Link(native().openLink(path))
}
