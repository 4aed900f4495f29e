import { setTimeout } from 'node:timers/promises'
import type { Connection } from './connection.ts'

/** How long a page may take for what a test waits for, in milliseconds: far more than it takes on a busy machine. */
const patience = 20_000

/** One node of the accessibility tree: what a person with a screen reader meets. */
export interface Accessible {
  role: string
  name: string
  backendNodeId: number
}

interface AXNode {
  ignored: boolean
  role?: { value: string }
  name?: { value: string }
  backendDOMNodeId?: number
}

interface Opening {
  /** Runs in the page ahead of its own scripts. */
  before?: string
  browserContextId?: string
  cookies?: Readonly<Record<string, string>>
  /** Chromium keeps no accessibility tree of it, as for most people: for measuring. */
  untold?: boolean
}

/** What a page is looked at in: a desk's window, and a phone. */
export const sizes = { desk: [1280, 800], phone: [390, 844] } as const
export type Size = keyof typeof sizes

export class Page {
  readonly #connection: Connection
  readonly #session: string
  /** Addresses that the page asked for, its own first. */
  readonly requests: string[] = []
  /** Errors of scripts, refusals of the content security policy, what was written to the console as error. */
  readonly problems: string[] = []
  /** Requests that were answered with an error, or not at all. */
  readonly failed: string[] = []
  readonly #urls = new Map<string, string>()

  private constructor(connection: Connection, session: string) {
    this.#connection = connection
    this.#session = session
  }

  static async open(
    connection: Connection,
    url: string,
    { before = '', browserContextId, cookies = {}, untold = false }: Opening = {},
  ): Promise<Page> {
    const { targetId } = await connection.send<{ targetId: string }>('Target.createTarget', {
      url: 'about:blank',
      ...(browserContextId === undefined ? {} : { browserContextId }),
    })
    const { sessionId } = await connection.send<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    })
    const page = new Page(connection, sessionId)
    const loaded = new Promise<void>((resolve) => {
      connection.listen(sessionId, (method, params) => {
        if (method === 'Page.loadEventFired') resolve()
        page.#hear(method, params)
      })
    })
    const all = ['Page', 'Runtime', 'Log', 'Network', 'DOM', 'Accessibility']
    for (const domain of untold ? all.slice(0, -2) : all) await page.#send(`${domain}.enable`)
    if (before !== '') await page.#send('Page.addScriptToEvaluateOnNewDocument', { source: before })
    for (const [name, value] of Object.entries(cookies))
      await page.#send('Network.setCookie', { name, value, url, httpOnly: true })
    await page.resize('desk')
    await page.#send('Page.navigate', { url })
    await loaded
    await page.run(drawn)
    return page
  }

  /** Runs `act` in the page; it can use nothing but its arguments and what the page has. */
  async run<T, A extends readonly unknown[]>(act: (...given: A) => T, ...given: A): Promise<T> {
    return this.#evaluate<T>(`(${act.toString()})(...${JSON.stringify(given)})`)
  }

  async #evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send<{
      result: { value: T }
      exceptionDetails?: { exception?: { description?: string } }
    }>('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? 'The page threw')
    return result.value
  }

  /** Waits until `holds` holds in the page. @throws when it does not within `patience`; with what is on the page then */
  async until<A extends readonly unknown[]>(
    holds: (...given: A) => boolean,
    ...given: A
  ): Promise<void> {
    const expression = `new Promise((resolve) => {
      const holds = ${holds.toString()}
      const end = Date.now() + ${patience}
      const look = () => {
        if (holds(...${JSON.stringify(given)})) resolve(true)
        else if (Date.now() > end) resolve(false)
        else setTimeout(look, 10)
      }
      look()
    })`
    let held: boolean | undefined
    do
      held = await this.#evaluate<boolean>(expression).catch((error: unknown) => {
        // Another page has come meanwhile: it is looked at anew.
        if (String(error).includes('Inspected target navigated')) return undefined
        throw error
      })
    while (held === undefined)
    if (!held)
      throw new Error(await this.#waited(`${holds.toString()} with ${JSON.stringify(given)}`))
  }

  /** Waits until there is something with this role and name. @throws as `until` does */
  async sees(role: string, name: string | RegExp): Promise<void> {
    const end = Date.now() + patience
    for (;;) {
      const found = await this.names(role)
      if (found.some((one) => (typeof name === 'string' ? one === name : name.test(one)))) return
      if (Date.now() > end)
        throw new Error(
          await this.#waited(`a ${role} named ${String(name)}; there are: ${found.join(' | ')}`),
        )
      await setTimeout(20)
    }
  }

  /** Runs `act` in a world of its own beside the page's scripts, with `source` loaded there; the page's policy stays as it is. */
  async runBeside<T, A extends readonly unknown[]>(
    source: string,
    act: (...given: A) => T,
    ...given: A
  ): Promise<Awaited<T>> {
    const { frameTree } = await this.#send<{ frameTree: { frame: { id: string } } }>(
      'Page.getFrameTree',
    )
    const { executionContextId: contextId } = await this.#send<{ executionContextId: number }>(
      'Page.createIsolatedWorld',
      { frameId: frameTree.frame.id, worldName: 'beside' },
    )
    await this.#send('Runtime.evaluate', { contextId, expression: source })
    const { result, exceptionDetails } = await this.#send<{
      result: { value: Awaited<T> }
      exceptionDetails?: { exception?: { description?: string } }
    }>('Runtime.evaluate', {
      contextId,
      expression: `(${act.toString()})(...${JSON.stringify(given)})`,
      returnByValue: true,
      awaitPromise: true,
    })
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? 'The page threw')
    return result.value
  }

  async resize(size: Size): Promise<void> {
    const [width, height] = sizes[size]
    await this.#send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: size === 'phone',
    })
  }

  /** The whole page as PNG. */
  async picture(): Promise<Buffer> {
    const { cssContentSize } = await this.#send<{
      cssContentSize: { width: number; height: number }
    }>('Page.getLayoutMetrics')
    // With what the window's own bar takes, which is on no picture.
    const width = Math.max(cssContentSize.width, await this.run(() => innerWidth))
    const { data } = await this.#send<{ data: string }>('Page.captureScreenshot', {
      captureBeyondViewport: true,
      clip: {
        x: 0,
        y: 0,
        width,
        height: Math.min(cssContentSize.height, 4000),
        scale: 1,
      },
    })
    return Buffer.from(data, 'base64')
  }

  /** Goes to another address, as if it were typed. */
  async go(url: string): Promise<void> {
    await this.#send('Page.navigate', { url })
    await this.run(drawn)
  }

  /**
   * Requests to these addresses get no answer until what is returned is called.
   * @param urlPattern with `*` for anything
   */
  async hold(urlPattern: string): Promise<() => Promise<void>> {
    await this.#send('Fetch.enable', { patterns: [{ urlPattern }] })
    return async () => {
      await this.#send('Fetch.disable')
    }
  }

  /** Nothing comes of the network any more until what is returned is called. */
  async cutOff(): Promise<() => Promise<void>> {
    const set = (offline: boolean): Promise<unknown> =>
      this.#send('Network.emulateNetworkConditions', {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      })
    await set(true)
    return async () => {
      await set(false)
    }
  }

  /** Addresses like these do not come; none: all do. @param urls with `*` for anything */
  async refuse(urls: readonly string[]): Promise<void> {
    await this.#send('Network.setBlockedURLs', { urls })
  }

  /** Processor time of its main thread since this was asked first, by the names of Chromium's metrics: `TaskDuration` and the like are seconds. */
  async spent(): Promise<ReadonlyMap<string, number>> {
    await this.#send('Performance.enable', { timeDomain: 'threadTicks' })
    const { metrics } = await this.#send<{ metrics: { name: string; value: number }[] }>(
      'Performance.getMetrics',
    )
    return new Map(metrics.map(({ name, value }) => [name, value]))
  }

  /** Closes it. */
  async leave(): Promise<void> {
    await this.#send('Page.close')
  }

  /** Gives the browser a cookie, as an answer of the page's server would. */
  async cookie(name: string, value: string): Promise<void> {
    const url = await this.run(() => location.origin)
    await this.#send('Network.setCookie', { name, value, url, httpOnly: true })
  }

  /** As the browser's Back. */
  async back(): Promise<void> {
    await this.run(() => history.back())
  }

  /** Everything with this role, by name, as the browser tells it to assistive technology. */
  async all(role: string): Promise<Accessible[]> {
    const { nodes } = await this.#send<{ nodes: AXNode[] }>('Accessibility.getFullAXTree')
    return nodes
      .filter(
        (node) => !node.ignored && node.role?.value === role && node.backendDOMNodeId !== undefined,
      )
      .map((node) => ({
        role,
        name: node.name?.value ?? '',
        backendNodeId: node.backendDOMNodeId ?? 0,
      }))
  }

  async names(role: string): Promise<string[]> {
    return (await this.all(role)).map((node) => node.name)
  }

  async click(role: string, name: string | RegExp): Promise<void> {
    await this.#on(await this.#find(role, name), 'function () { this.click() }')
  }

  async focus(role: string, name: string | RegExp): Promise<void> {
    await this.#on(await this.#find(role, name), 'function () { this.focus() }')
  }

  /** Types into what has the focus. */
  async type(text: string): Promise<void> {
    await this.#send('Input.insertText', { text })
  }

  async press(key: string): Promise<void> {
    // Dialogs are closed by the key's number, not by its name.
    const number = key === 'Escape' ? { windowsVirtualKeyCode: 27 } : {}
    for (const type of ['keyDown', 'keyUp'])
      await this.#send('Input.dispatchKeyEvent', { type, key, ...number })
  }

  async preferDark(dark: boolean): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]
    await this.#send('Emulation.setEmulatedMedia', { features })
  }

  /** What is said of a page on which `what` did not come. */
  async #waited(what: string): Promise<string> {
    const { address, text } = await this.run(() => ({
      address: location.href,
      text: document.body.innerText.slice(0, 2000),
    }))
    const wrong = [...this.problems, ...this.failed].join('\n')
    return `In ${patience / 1000} s there was not: ${what}\nat ${address}\n${wrong}\n${text}`
  }

  async #find(role: string, name: string | RegExp): Promise<number> {
    const matches = (text: string): boolean =>
      typeof name === 'string' ? text === name : name.test(text)
    const all = await this.all(role)
    const found = all.find((node) => matches(node.name))
    if (found === undefined)
      throw new Error(
        `No ${role} is named ${String(name)}; there are: ${all.map((node) => node.name).join(' | ')}`,
      )
    return found.backendNodeId
  }

  async #on(backendNodeId: number, functionDeclaration: string): Promise<void> {
    const { object } = await this.#send<{ object: { objectId: string } }>('DOM.resolveNode', {
      backendNodeId,
    })
    await this.#send('Runtime.callFunctionOn', { objectId: object.objectId, functionDeclaration })
  }

  #send<T>(method: string, params: object = {}): Promise<T> {
    return this.#connection.send<T>(method, params, this.#session)
  }

  #hear(method: string, params: unknown): void {
    const told = params as {
      request?: { url: string }
      entry?: { level: string; text: string }
      exceptionDetails?: { text: string; exception?: { description?: string } }
      type?: string
      args?: { value?: unknown }[]
      requestId?: string
      response?: { url: string; status: number }
      errorText?: string
      canceled?: boolean
    }
    const id = told.requestId ?? ''
    if (method === 'Network.requestWillBeSent') this.#urls.set(id, told.request?.url ?? '')
    if (method === 'Network.responseReceived' && (told.response?.status ?? 0) >= 400)
      this.failed.push(`${told.response?.status} ${told.response?.url}`)
    if (method === 'Network.loadingFailed' && told.canceled !== true)
      this.failed.push(`${told.errorText} ${this.#urls.get(id)}`)
    if (method === 'Network.requestWillBeSent') this.requests.push(told.request?.url ?? '')
    if (method === 'Log.entryAdded' && told.entry?.level === 'error')
      this.problems.push(told.entry.text)
    if (method === 'Runtime.exceptionThrown')
      this.problems.push(
        told.exceptionDetails?.exception?.description ?? told.exceptionDetails?.text ?? '',
      )
    if (method === 'Runtime.consoleAPICalled' && told.type === 'error')
      this.problems.push(String(told.args?.[0]?.value))
  }
}

/** Runs in the page: React draws in a task of its own, after the page has loaded. */
function drawn(): Promise<void> {
  return new Promise((resolve) => {
    const root = document.getElementById('root')
    if (root === null || root.hasChildNodes()) return resolve()
    new MutationObserver(() => resolve()).observe(root, { childList: true })
  })
}
