import type { Context } from './context.ts'

/** How often is looked whether there is something to do. */
const lookMs = 2000

/** Looks again and again until the server ends. @param failed what the log says of a look that went wrong; the next one tries again */
export function keepLooking(
  { closing, log }: Pick<Context, 'closing' | 'log'>,
  look: () => Promise<void>,
  failed: string,
): void {
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.error({ err: error }, failed))
  }, lookMs).unref()
  closing.addEventListener('abort', () => clearInterval(timer), { once: true })
}

/** Has one call under way at a time: whoever calls meanwhile waits for that one. */
export function oneAtATime(act: () => Promise<void>): () => Promise<void> {
  let going: Promise<void> | undefined
  return async () => {
    going ??= act().finally(() => {
      going = undefined
    })
    await going
  }
}
