import { realPathOf } from '../real-path.ts'

/** Where names of one batch lead: what one process does in one folder asks for it once. */
export class RealPaths {
  readonly #found = new Map<string, string | null | undefined>()

  /** A link can lead elsewhere by the next batch. */
  forget(): void {
    this.#found.clear()
  }

  /**
   * @param path as the process wrote it, behind the folder that it was looked up from: what `..` leads to depends on what is in front
   * @param follow where the last name is a link, what that leads to
   * @returns as realPathOf
   */
  of(pid: number, path: string, follow: boolean): string | null | undefined {
    if (follow) return this.#real(pid, path)
    const whole = path.replace(/\/+$/, '')
    const slash = whole.lastIndexOf('/')
    const folder = this.#real(pid, whole.slice(0, slash) || '/')
    if (typeof folder !== 'string') return folder
    return `${folder === '/' ? '' : folder}${whole.slice(slash)}`
  }

  #real(pid: number, path: string): string | null | undefined {
    const key = `${pid} ${path}`
    if (!this.#found.has(key)) this.#found.set(key, this.#look(pid, path))
    return this.#found.get(key)
  }

  /** From the top: of a whole tree that is gone, one folder is looked for. */
  #look(pid: number, path: string): string | null | undefined {
    const above = path.slice(0, path.replace(/\/+$/, '').lastIndexOf('/')).replace(/\/+$/, '')
    const real = above === '' ? '/' : this.#real(pid, above)
    return typeof real === 'string' ? realPathOf(pid, path) : real
  }
}
