import type { EventOf, ReportNode, ReportProgram } from '@runwarden/events'
import { Fold } from './fold.ts'

type Image = ReportNode['images'][number]

/** Starts whose hash is told of them alone, and soon. */
const mostAlone = 1024

/** What programs held, each file with one content once, with how often it was started. */
export class Programs {
  readonly #programs: Fold<ReportProgram>
  readonly #ofImage = new WeakMap<Image, ReportProgram>()
  readonly #alone = new Map<string, Image>()
  readonly #text: (text: string) => string

  /** @param text bounds what comes from the job */
  constructor(limit: number, text: (text: string) => string) {
    this.#programs = new Fold(limit)
    this.#text = text
  }

  /** @param image of the process; undefined: it is not in the report */
  started(event: EventOf<'process.exec'>, image: Image | undefined): void {
    const key = keyOf(event)
    if (event.changed === undefined) {
      const oldest = this.#alone.keys().next()
      if (this.#alone.size >= mostAlone && oldest.done !== true) this.#alone.delete(oldest.value)
      if (image !== undefined) this.#alone.set(key, image)
      return
    }
    const program = this.#program(key, event, event.exe)
    if (program === undefined) return
    program.count += 1
    if (image !== undefined) this.#ofImage.set(image, program)
  }

  held(event: EventOf<'process.program'>): void {
    const key = keyOf(event)
    const program = this.#program(key, event, event.path)
    const image = this.#alone.get(key)
    this.#alone.delete(key)
    if (program === undefined) return
    program.count = Math.max(1, program.count)
    if (image !== undefined) this.#ofImage.set(image, program)
    if (program.sha256 !== null) return
    const { size, sha256, unread } = event
    Object.assign(program, { size, sha256, unread })
  }

  /** Says on what each process was what that held. */
  sayOn(nodes: readonly ReportNode[]): void {
    for (const { images } of nodes)
      for (const image of images) {
        const { sha256 = null, unread = '' } = this.#ofImage.get(image) ?? {}
        if (sha256 !== null) image.sha256 = sha256
        else if (unread !== '') image.unread = unread
      }
  }

  /** Those of which it was told. */
  values(): ReportProgram[] {
    return this.#programs.values().filter(({ sha256, unread }) => sha256 !== null || unread !== '')
  }

  get left(): number {
    return this.#programs.left
  }

  #program(
    key: string,
    { execId, step }: EventOf<'process.exec' | 'process.program'>,
    path: string,
  ): ReportProgram | undefined {
    return this.#programs.entry(key, 'program', () => {
      const nothing = { size: null, sha256: null, unread: '' as const }
      return { path: this.#text(path), execId, step, ...nothing, count: 0 }
    })
  }
}

/** Of what ran: of one file with one content, or of one start. */
function keyOf(event: EventOf<'process.exec' | 'process.program'>): string {
  const { device, inode, changed, execId, time } = event
  return changed === undefined ? `${execId} ${time}` : `${device} ${inode} ${changed}`
}
