import { execFile } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { organisation, type DemoServer } from './control-plane.ts'
import { checkout } from './project.ts'

/** Pictures of the web app that were taken. */
export interface Pictures {
  folder: string
  count: number
  /** Why not all could be taken; null: they were. */
  failure: string | null
}

/** How it ends where there is no Chromium. */
const noChromium = 3
/** A browser that hangs does not hold up the demo: taking them takes some seconds. */
const timeout = 60_000

/** Takes pictures of the overview and of the demo's own job; the server's sign-in link is used up. null: there is no Chromium. */
export async function takePictures(server: DemoServer): Promise<Pictures | null> {
  const folder = join(checkout, '.runwarden', 'demo-pictures')
  rmSync(folder, { recursive: true, force: true })
  const script = join(checkout, 'packages/web/test/rig/photograph.ts')
  const job = await server.pageOf(1)
  const pages = [`/orgs/${organisation}`, job, `${job}?tab=network&by=step`, `${job}?tab=processes`]
  const args = ['--disable-warning=ExperimentalWarning', script, folder, server.signIn, ...pages]
  const { code, said } = await new Promise<{ code: unknown; said: string }>((resolve) => {
    execFile(process.execPath, args, { timeout }, (error, _stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, said: stderr || (error?.message ?? '') }),
    )
  })
  if (code === noChromium) return null
  if (code !== 0) return { folder, count: 0, failure: said }
  return { folder, count: readdirSync(folder).length, failure: null }
}
