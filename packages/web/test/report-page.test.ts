import { afterAll, beforeAll, expect, test } from 'vitest'
import { hostileReport } from '../../report/test/hostile.ts'
import { releasedReport, reportOf, stolenReport } from '../../report/test/runs.ts'
import { facts, Script } from '../../report/test/script.ts'
import { Browser } from './browser.ts'
import { Built } from './built.ts'
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

test('the page opens from its file, asks for nothing else, and has its rooms under headings', async () => {
  const url = built.page('stolen', stolenReport())
  const page = await browser.open(url)
  expect(new Set(await page.names('heading'))).toEqual(
    new Set([
      'npm ci',
      'Detections 3',
      'Critical A destination of the block list was asked for',
      'High collector.example.net was refused',
      'High src/server.js was changed by another program than its first writer',
      'Blocked, and how to allow it 4',
      'Destinations 7',
      'DNS 6',
      'Processes 29',
      'Files 63',
      'Sandbox changes 1',
      'Recommended policy',
      'Health',
      'Outlived the command',
    ]),
  )
  expect(await page.names('navigation')).toEqual(['Sections of the report'])
  expect(await page.names('main')).toHaveLength(1)
  expect(await page.names('banner')).toHaveLength(1)
  expect(page.problems).toEqual([])
  expect(page.requests).toEqual([url])
})

test('suppressed findings are in a room of their own, with why they do not count; without any there is none', async () => {
  const by = 'our generator writes there (rules.yml:4) <b>\u202e'
  const suppressed = [
    { id: 'source-code-overwritten', title: 'src/a.ts was changed', by, count: 3 },
  ]
  const report = { ...stolenReport(), suppressed }
  const page = await browser.open(built.page('suppressed', report))
  expect(await page.names('heading')).toContain('Suppressed findings 1')
  expect(await page.names('heading')).toContain('Detections 3')
  expect(await page.names('table')).toContain('Suppressed findings')
  expect(await page.run(() => document.querySelector('#suppressed tbody tr')?.textContent)).toBe(
    String.raw`source-code-overwrittensrc/a.ts was changed3our generator writes there (rules.yml:4) <b>\u{202e}`,
  )
  expect(await page.run(tooFaint)).toEqual([])
  expect(page.problems).toEqual([])
  const other = await browser.open(built.page('none suppressed', stolenReport()))
  expect(await other.run(() => document.querySelector('#suppressed'))).toBeNull()
})

test('requests, what was not read, and the permissions that the token needs', async () => {
  const page = await browser.open(built.page('released', releasedReport()))
  expect(await page.names('heading')).toEqual(
    expect.arrayContaining([
      'HTTPS requests 7',
      'HTTPS traffic that stayed opaque 3',
      'Minimum token permissions',
    ]),
  )
  const text = await page.run(() => document.querySelector('main')?.textContent ?? '')
  expect(text).toContain('contents: write # git fetch')
  expect(text).toContain('packages: write was granted, and not needed.')
  expect(text).toContain('no TLS library that can be read')
  expect(page.problems).toEqual([])
})

test('hostile text is shown, and nothing of it runs', async () => {
  const url = built.page('hostile', hostileReport())
  const page = await browser.open(url, 'window.canary = () => { window.owned = true }')
  for (const name of await page.names('button'))
    if (/^(Show|Expand)/.test(name)) await page.click('button', name)
  await page.run(() => {
    for (const details of document.querySelectorAll('details')) details.open = true
  })
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
      .filter((href) => !/^#[a-z]+$/.test(href)),
    text: document.getElementById('root')?.innerText ?? '',
  }))
  expect(seen).toMatchObject({
    owned: false,
    title: 'Runwarden report',
    elements: ['SCRIPT report'],
    handlers: 0,
    links: [],
  })
  expect(seen.text).toContain('</script><script>canary()</script>')
  expect(seen.text).toContain(String.raw`invoice.\u{202e}gpj.exe`)
  expect(seen.text).toContain(String.raw`\x1b[2J`)
  expect(seen.text).not.toMatch(/[^\n\t\P{Cc}]|\p{Cf}/u)
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

test('a tree of 20,000 processes holds only the lines in sight, and the search finds one in it', async () => {
  const script = new Script('make').exec(10, 1, ['make', '-j2'])
  script.repeat(19_999, (run, index) =>
    run.exec(100 + index, index % 100 === 0 ? 10 : 100 + index - (index % 100), [
      'cc',
      '-c',
      `part-${index}.c`,
    ]),
  )
  const page = await browser.open(
    built.page('storm', reportOf(script, { command: ['make', '-j2'] })),
  )
  await page.click('button', 'Expand all')
  expect(await page.run(() => document.querySelectorAll('*').length)).toBeLessThan(2_000)
  await page.focus('searchbox', 'Search programs, arguments, pids')
  await page.type('part-12345.c')
  expect(await page.names('treeitem')).toEqual([
    expect.stringContaining('make -j2'),
    expect.stringContaining('part-12300.c'),
    expect.stringContaining('part-12345.c'),
  ])
})

test('the tree is walked by keys, and a process behind a destination is found in it', async () => {
  const page = await browser.open(built.page('walk', stolenReport()))
  const selected = () =>
    page.run(() => document.querySelector('[role=treeitem][aria-selected=true] code')?.textContent)
  await page.focus('tree', 'Process tree')
  for (const key of ['ArrowDown', 'ArrowDown']) await page.press(key)
  expect(await selected()).toBe("sh -c 'node postinstall.js'")
  await page.press('ArrowLeft')
  expect(await page.names('treeitem')).not.toContain(
    expect.stringContaining('node postinstall.js 3'),
  )
  await page.press('ArrowLeft')
  expect(await selected()).toBe('npm ci')
  await page.click('link', 'node postinstall.js')
  expect(await selected()).toBe('node postinstall.js')
  expect(await page.names('region')).toContain('Process 4121')
})

test('destinations are narrowed, searched and sorted', async () => {
  const page = await browser.open(built.page('tables', stolenReport()))
  const places = () =>
    page.run(() =>
      [...document.querySelectorAll('#destinations tbody tr td:nth-child(2) > code')].map(
        (cell) => cell.textContent,
      ),
    )
  await page.click('button', 'allowed 3')
  expect(await places()).toEqual([
    'registry.example.org:443',
    'headers.example.com:443',
    '127.0.0.1:4873',
  ])
  await page.click('button', 'Destination')
  expect(await places()).toEqual([
    '127.0.0.1:4873',
    'headers.example.com:443',
    'registry.example.org:443',
  ])
  await page.focus('searchbox', 'Search destinations')
  await page.type('203.0.113.31')
  expect(await places()).toEqual(['headers.example.com:443'])
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
  expect(await page.run(() => document.querySelector('header aside')?.textContent)).toContain(
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
  using again = await Built.make()
  expect(again.template === built.template).toBe(true)
})
