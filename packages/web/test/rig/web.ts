import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ServerRig } from '../../../server/test/server-rig.ts'
import { Browser } from '../browser.ts'
import type { Page } from '../page.ts'
import { recordedData } from './recorded.ts'
import { settled } from './settled.ts'
import { builtApp } from './web-app.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** A server with what real agents sent it and the app as it is now, and a browser. */
export class Web implements AsyncDisposable {
  readonly rig: ServerRig
  readonly browser: Browser

  private constructor(rig: ServerRig, browser: Browser) {
    this.rig = rig
    this.browser = browser
  }

  static async start(): Promise<Web> {
    const [data, web] = await Promise.all([recordedData(), builtApp()])
    const rig = await ServerRig.start({ data, rateLimit: 0 }, { web })
    return new Web(rig, await Browser.start())
  }

  get url(): string {
    return this.rig.url
  }

  /** A page of the app, as its administrator sees it, when all that it asked for is there. @param path with its query */
  async open(
    path: string,
    { as = this.rig.cookie }: { as?: string | null } = {},
  ): Promise<AppPage> {
    const [, session = ''] = as?.split('=') ?? []
    const cookies = session === '' ? {} : { 'runwarden-session': session }
    const page = await this.browser.openAs(this.url + path, cookies)
    await settled(page)
    return Object.assign(page, {
      settled: () => settled(page),
      checked: (expected?: Expected) => checked(page, expected),
    })
  }

  /** The job of this run and name. */
  async job(run: string, name: string): Promise<string> {
    const { body } = await this.rig.ask('GET', `/v1/orgs/acme/jobs?run=${run}`, {
      as: this.rig.acme.keys.viewer,
    })
    const found = (body as { items: { id: string; job: string }[] }).items.find(
      ({ job }) => job === name,
    )
    if (found === undefined) throw new Error(`run ${run} has no job ${name}`)
    return found.id
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]()
    await this.rig[Symbol.asyncDispose]()
    rmSync(this.rig.data, { recursive: true, force: true })
  }
}

interface Expected {
  /** Answers of this status are what the test is about. */
  status?: number
  /** That no answer comes is what the test is about: the page is looked at as it is. */
  unanswered?: boolean
}

export interface AppPage extends Page {
  /** Waits until nothing on the page is still to come. */
  settled: () => Promise<void>
  /**
   * What holds for every page: no error in its console, no request that failed, nothing that axe finds on a desk in light, no
   * colours too close and nothing out of reach on a phone in dark, and nothing wider than a desk's window or a phone.
   */
  checked: (expected?: Expected) => Promise<void>
}

/** A page is looked at with all of axe's rules once; then with those for what another theme or width can change. */
const looks = [
  {
    size: 'phone',
    dark: true,
    rules: ['color-contrast', 'scrollable-region-focusable'],
  },
  { size: 'desk', dark: false, rules: null },
] as const

export async function checked(
  page: Page,
  { status, unanswered = false }: Expected = {},
): Promise<void> {
  const found: string[] = []
  for (const { size, dark, rules } of looks) {
    await page.resize(size)
    await page.preferDark(dark)
    if (!unanswered) await settled(page)
    await page.until(isStill)
    for (const one of await page.run(tooWide)) found.push(`${size}: ${one}`)
    for (const one of await page.runBeside(axe, violations, rules))
      found.push(`${size}, ${dark ? 'dark' : 'light'}: ${one}`)
  }
  const ours = (one: string): boolean => status === undefined || !one.includes(String(status))
  const wrong = unanswered ? found : [...found, ...[...page.problems, ...page.failed].filter(ours)]
  if (wrong.length > 0) throw new Error(`The page is not as every page is:\n${wrong.join('\n')}`)
}

/** Runs in the page: nothing fades in any more. */
function isStill(): boolean {
  return document
    .getAnimations()
    .every(
      ({ playState, effect }) =>
        playState !== 'running' || effect?.getTiming().iterations === Infinity,
    )
}

/** Runs in the page. */
function tooWide(): string[] {
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth <= clientWidth) return []
  const over = [...document.body.querySelectorAll('*')].filter(
    (one) => one.getBoundingClientRect().right > clientWidth + 1,
  )
  return over
    .slice(0, 5)
    .map((one) => `${one.tagName} ${one.className} is wider: ${one.textContent.slice(0, 60)}`)
}

/** Runs beside the page's scripts, where axe is. @param rules `null`: all that axe has on */
async function violations(rules: readonly string[] | null): Promise<string[]> {
  const { axe } = globalThis as unknown as {
    axe: {
      run: (options: object) => Promise<{
        violations: {
          id: string
          help: string
          nodes: { html: string; failureSummary?: string }[]
        }[]
      }>
    }
  }
  const { violations } = await axe.run({
    resultTypes: ['violations'],
    ...(rules === null ? {} : { runOnly: rules }),
  })
  return violations.map(
    ({ id, help, nodes }) =>
      `${id} (${help}): ${nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`)
        .join(' | ')}`,
  )
}
