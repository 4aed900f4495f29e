import { api, ask } from './api.ts'
import { serverGone } from './states/server-away.ts'

/** How often an absent server is asked for, milliseconds. */
const retryMs = 3000

/**
 * Loads a part of the app. Where the server is away it is waited for, and what is on the page stays.
 * @throws when the server is there and the part is not: it has another version
 */
export async function patientLoad<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch {
    while (!(await answers())) {
      serverGone()
      await new Promise((done) => setTimeout(done, retryMs))
    }
    return load()
  }
}

const answers = (): Promise<boolean> =>
  ask(api.GET('/v1')).then(
    () => true,
    () => false,
  )
