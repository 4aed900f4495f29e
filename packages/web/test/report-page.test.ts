import { afterAll, beforeAll, expect, test } from 'vitest'
import { hostileReport } from '../../report/test/hostile.ts'
import { releasedReport, reportOf, stolenReport } from '../../report/test/runs.ts'
import { began, facts, id, Script } from '../../report/test/script.ts'
import { Browser } from './browser.ts'
import { Built } from './built.ts'
import type { Page } from './page.ts'
import { tooFaint } from './contrast.ts'

let built: Built
let browser: Browser

beforeAll(async () => {
  built = await Built.make()
  browser = await Browser.start()
})

afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  built[Symbol.dispose]()
})

/** What the page says in its main part. */
const said = (page: Page): Promise<string> =>
  page.run(() => document.querySelector('main')?.innerText ?? '')

/** Opens a tab by its link, and waits for what is in it. */
async function open(page: Page, tab: string): Promise<void> {
  await page.click('link', new RegExp(`^${tab}( [\\d,]+)?$`))
  await page.until(
    (title) =>
      document.querySelector('.tab h2')?.textContent === title &&
      document.querySelector('.skeleton') === null,
    tab,
  )
}

test('the page opens from its file, asks for nothing else, and is the job page', async () => {
  const url = built.page('stolen', stolenReport())
  const page = await browser.open(url)
  await page.until(() => document.querySelector('.part .card') !== null)
  expect(await page.run(() => document.querySelector('h1')?.textContent)).toBe('npm ci')
  const tabs = await page.run(() =>
    [...document.querySelectorAll('.tabs a')].map((one) => one.textContent),
  )
  expect(tabs).toEqual([
    'Summary',
    'Network7',
    'HTTPS0',
    'Detections3',
    'Processes29',
    'Timeline',
    expect.stringMatching(/^Files/),
    'DNS6',
    'Recommended policy',
    'Sandbox1',
    'Data quality',
  ])
  expect(await page.names('main')).toHaveLength(1)
  expect(await page.names('banner')).toHaveLength(1)
  for (const tab of ['Detections', 'Network', 'Processes', 'Timeline', 'Files', 'DNS', 'Sandbox'])
    await open(page, tab)
  await open(page, 'Data quality')
  expect(await said(page)).toContain('Outlived the command')
  expect(page.problems).toEqual([])
  expect(page.requests).toEqual([url])
})

test('suppressed findings are apart, with why they do not count; without any there is none', async () => {
  const by = 'our generator writes there (rules.yml:4) <b>\u202e'
  const suppressed = [
    { id: 'source-code-overwritten', title: 'src/a.ts was changed', by, count: 3 },
  ]
  const page = await browser.open(
    `${built.page('suppressed', { ...stolenReport(), suppressed })}#tab=detections`,
  )
  await page.until(() => document.querySelector('.expected') !== null)
  await page.run(() => document.querySelector('.expected')?.setAttribute('open', ''))
  expect(await page.run(() => document.querySelector('.expected')?.textContent)).toContain(
    String.raw`our generator writes there (rules.yml:4) <b>\u{202e}`,
  )
  expect(page.problems).toEqual([])
})

test('requests, what was not read, and the permissions that the token needs', async () => {
  const page = await browser.open(`${built.page('released', releasedReport())}#tab=https`)
  await page.until(() => document.querySelector('.tab table') !== null)
  const text = await said(page)
  expect(text).toContain('contents: write')
  expect(page.problems).toEqual([])
})

test('hostile text is shown, and nothing of it runs', async () => {
  const url = built.page('hostile', hostileReport())
  const page = await browser.open(url, 'window.canary = () => { window.owned = true }')
  const texts: string[] = []
  for (const tab of ['Detections', 'Network', 'Processes', 'Files', 'DNS', 'Recommended policy']) {
    await open(page, tab)
    await page.run(() => {
      for (const details of document.querySelectorAll('details')) details.open = true
    })
    texts.push(await said(page))
  }
  const seen = await page.run(() => ({
    owned: 'owned' in window,
    title: document.title,
    elements: [
      ...new Set(
        [
          ...document.body.querySelectorAll(
            'script,img,iframe,object,embed,link,style,base,meta,form',
          ),
        ].map((one) => `${one.tagName} ${one.id}`),
      ),
    ],
    handlers: [...document.querySelectorAll('*')].filter((one) =>
      one.getAttributeNames().some((name) => name.startsWith('on')),
    ).length,
    links: [...document.querySelectorAll('a')]
      .map((one) => one.getAttribute('href') ?? '')
      .filter((href) => !href.startsWith('#')),
  }))
  const text = texts.join('\n')
  expect(seen).toMatchObject({
    owned: false,
    title: 'Runwarden report',
    elements: ['SCRIPT report'],
    handlers: 0,
    links: [],
  })
  expect(text).toContain('</script><script>canary()</script>')
  expect(text).toContain(String.raw`invoice.\u{202e}gpj.exe`)
  expect(text).toContain(String.raw`\x1b[2J`)
  expect(text).not.toMatch(/[^\n\t\P{Cc}]|\p{Cf}/u)
  expect(page.problems).toEqual([])
  expect(page.requests).toEqual([url])
})

test('script that gets into the page in spite of all is refused by its policy', async () => {
  const page = await browser.open(built.page('injected', stolenReport()))
  const thrown = await page.run(() => {
    const image = document.createElement('img')
    image.src = 'https://evil.example/x.png'
    document.body.append(image)
    const made = document.createElement('div')
    const attempts = [
      () => made.setAttribute('onclick', 'window.owned = true'),
      () => (made.innerHTML = '<svg onload="window.owned = true">'),
      () =>
        document.body.append(
          Object.assign(document.createElement('script'), { text: 'window.owned = true' }),
        ),
      () => setTimeout('window.owned = true', 0),
    ]
    return attempts.map((attempt) => {
      try {
        attempt()
        return 'went through'
      } catch (error) {
        return (error as Error).name
      }
    })
  })
  expect(thrown).toEqual(['TypeError', 'TypeError', 'TypeError', 'TypeError'])
  expect(await page.run(() => 'owned' in window)).toBe(false)
  expect(page.problems.join('\n')).toContain('violates the following Content Security Policy')
})

test('a tree of 20,000 processes holds only the lines in sight, folds what is alike, and the search finds one in it', async () => {
  const script = new Script('make').exec(10, 1, ['make', '-j2'])
  script.repeat(19_999, (run, index) =>
    run.exec(100 + index, index % 100 === 0 ? 10 : 100 + index - (index % 100), [
      'cc',
      '-c',
      `part-${index}.c`,
    ]),
  )
  const page = await browser.open(
    `${built.page('storm', reportOf(script, { command: ['make', '-j2'] }))}#tab=processes`,
  )
  await page.until(() => document.querySelectorAll('[role=row]').length > 10)
  expect(await page.run(() => document.querySelectorAll('*').length)).toBeLessThan(2_000)
  await page.focus('searchbox', 'Search programs and arguments')
  await page.type('part-12345.c')
  await page.until(() => document.querySelectorAll('[role=rowgroup] [role=row]').length === 1)
  expect(
    await page.run(() => document.querySelector('[role=rowgroup] [role=row] code')?.textContent),
  ).toContain('part-12345.c')
})

test('the tree is walked by keys, and a process behind a destination is found in it', async () => {
  const page = await browser.open(`${built.page('walk', stolenReport())}#tab=processes`)
  await page.until(() => document.querySelectorAll('[role=rowgroup] [role=row]').length > 5)
  await page.focus('treegrid', 'Processes')
  for (const key of ['Home', 'ArrowDown']) await page.press(key)
  await page.until(
    () =>
      document.querySelector('[aria-selected=true] code')?.textContent ===
      "sh -c 'node postinstall.js'",
  )
  await page.press('ArrowLeft')
  await page.until(
    () => document.querySelector('[aria-selected=true]')?.getAttribute('aria-expanded') === 'false',
  )
  await open(page, 'DNS')
  await page.run(() => document.querySelector<HTMLElement>('.tab .process')?.click())
  await page.until(() => document.querySelector('.panel dl') !== null)
  expect(await page.run(() => document.querySelector('.tab h2')?.textContent)).toBe('Processes')
})

test('what a process was is told with its hash, or why there is none', async () => {
  const changed = '1000'
  const script = new Script()
    .exec(2, 0, ['make'], { changed })
    .program(2, '/usr/bin/make', { changed })
    .exec(3, 2, ['./conftest'], { time: began })
    .program(3, '/w/conftest', { time: began, sha256: null, size: null, unread: 'gone' })
  const url = built.page('hashes', reportOf(script))
  const told = async (pid: number): Promise<string> => {
    const page = await browser.open(`${url}#tab=processes&process=${id(pid)}`)
    await page.until(() => document.querySelector('.panel dl') !== null)
    return page.run(() => document.querySelector('.panel')?.textContent ?? '')
  }
  expect(await told(2)).toContain(`SHA-256 ${'a'.repeat(64)}Copy hash`)
  expect(await told(3)).toContain('Its file was not hashed: it had gone when it was looked for.')
})

test('a list is narrowed and searched, and the address keeps it', async () => {
  const page = await browser.open(`${built.page('tables', stolenReport())}#tab=dns`)
  const names = () =>
    page.run(() =>
      [...document.querySelectorAll('.tab tbody tr td:nth-child(2) > code')].map(
        (cell) => cell.textContent,
      ),
    )
  await page.until(() => document.querySelectorAll('.tab tbody tr').length === 6)
  await page.click('button', 'allowed')
  await page.until(() => document.querySelectorAll('.tab tbody tr').length < 6)
  const allowed = await names()
  expect(allowed).toContain('registry.example.org')
  expect(await page.run(() => location.hash)).toContain('verdict=allowed')
  await page.focus('searchbox', 'Search names')
  await page.type('headers')
  await page.until(() =>
    [...document.querySelectorAll('.tab tbody tr code:first-child')].every(
      (one) => !one.textContent.startsWith('registry'),
    ),
  )
  expect(await page.run(() => location.hash)).toContain('search=headers')
})

test.each([
  ['light', false],
  ['dark', true],
])('in %s, all text stands out from its ground as WCAG AA asks', async (_, dark) => {
  const page = await browser.open(built.page('contrast', stolenReport()))
  await page.preferDark(dark)
  expect(await page.run(tooFaint)).toEqual([])
})

test.each([
  [
    'lost events',
    { health: { ...facts().health, eventsLost: { 'file.write': 12 } } },
    '12 events were lost, so this report has gaps: file.write 12.',
  ],
  [
    'a run without protection',
    { protection: 'unprotected' as const },
    'The command ran without protection (fail-mode open): nothing was blocked, and what it did may be missing here.',
  ],
])('%s are said at the top', async (name, more, sentence) => {
  const page = await browser.open(built.page(`notice ${name}`, reportOf(new Script(), more)))
  expect(await page.run(() => document.querySelector('aside.notices')?.textContent)).toContain(
    sentence,
  )
})

test('a page without its report says so', async () => {
  const page = await browser.open(`data:text/html,${encodeURIComponent(built.template)}`)
  expect(await page.names('heading')).toEqual(['No report to show'])
})

test('without scripts, the summary is there to read', () => {
  expect(built.template).toMatch(/<noscript>[^]*<pre id="summary"><\/pre>[^]*<\/noscript>/)
})

test('two builds of one source are one page, byte for byte', async () => {
  const [one, two] = await Promise.all([Built.make(), Built.make()])
  using _one = one
  using _two = two
  expect(one.template === two.template).toBe(true)
})
