import type { Culprit } from './culprit.ts'
import type { Filled } from './fill.ts'
import type { Pictures } from './pictures.ts'
import { thiefRan, type DemoMode, type DemoResult, type RoadResult } from './demo.ts'
import { harmless, type Style } from './style.ts'

const headings: Record<DemoMode, string> = {
  block: 'npm ci under a block policy, with a thief among the dependencies',
  audit: 'npm ci in audit mode, with a thief among the dependencies',
  none: 'npm ci without Runwarden, with a thief among the dependencies',
}

/** What the person should know before the command runs. */
export function opening(mode: DemoMode, packages: number, command: string, style: Style): string {
  return `
${style.bold('Runwarden demo')}  ${headings[mode]}

  A registry serves ${packages} packages, ${packages - 2} of them real, to a runner in a network of its own.
  One deep in the tree, ${style.bold('string-trimmer')}, has a postinstall that sends PUBLISH_TOKEN away.

${style.dim('$')} ${command}
`
}

/** What happened, from all sides. */
export function story(result: DemoResult, style: Style): string {
  if (!thiefRan(result))
    return ['', style.rule('what happened'), '', install(result, style)].join('\n')
  return [
    '',
    style.rule('what happened'),
    '',
    install(result, style),
    '',
    ...roadTable(result.roads, style),
    '',
    packetLine(result, style),
    '',
    ...who(result, style),
    ...fetchedBack(result, style),
  ].join('\n')
}

function fetchedBack({ kept }: DemoResult, style: Style): string[] {
  if (kept === null) return []
  const of = `${kept.events} events, ${kept.detections} detections, and the same report`
  return [
    '',
    kept.same
      ? `${style.good('✓')} The control plane gave the job's record back: ${of}.`
      : `${style.bad('✗')} The control plane gave back another report.`,
  ]
}

/** Where a person looks at what the control plane has. */
export function invitation({ url, signIn }: { url: string; signIn: string }, style: Style): string {
  return `
${style.rule('the control plane')}

  ${style.bold(url)} runs until Ctrl-C. Sign in, once: ${signIn}

  More of the lab's workflows and attacks are played, and are there as they end:
`
}

export function filledLine({ what, failure, detections }: Filled, style: Style): string {
  return failure === null
    ? `  ${style.good('✓')} ${what}: ${detections} detections`
    : `  ${style.bad('✗')} ${what}: ${harmless(failure).slice(0, 300)}`
}

/** Where the pictures of the web app are. @param pictures null: there is no Chromium to take them with */
export function picturesLine(pictures: Pictures | null, style: Style): string {
  if (pictures === null)
    return `\n  No pictures of the web app: there is no chromium on this machine's PATH.`
  const { folder, count, failure } = pictures
  return failure === null
    ? `\n${style.good('✓')} ${count} pictures of the web app with this job: ${folder}`
    : `\n${style.bad('✗')} The web app could not be pictured: ${harmless(failure).slice(0, 300)}`
}

function install({ status, installed, packages, ms }: DemoResult, style: Style): string {
  const time = `${(ms / 1000).toFixed(1)} s`
  if (status === 0 && installed !== null) {
    return `${style.good('✓')} The install succeeded: ${packages} packages in ${time}, and they run.`
  }
  return `${style.bad('✗')} The install failed (status ${status}) after ${time}.`
}

function roadTable(roads: readonly RoadResult[], style: Style): string[] {
  return [
    style.dim(row(['the thief tried', 'to', 'and got'], 'its servers received')),
    ...roads.map(({ title, target, error, ms, arrived }) =>
      row(
        [title, target, error === null ? 'through' : `${error} in ${ms.toFixed(0)} ms`],
        arrived === 0 ? style.good('nothing') : style.bad('the token'),
      ),
    ),
  ]
}

function row(cells: [string, string, string], last: string): string {
  return `  ${cells[0].padEnd(19)}${cells[1].padEnd(34)}${cells[2].padEnd(23)}${last}`
}

function packetLine({ packets: { all, stray } }: DemoResult, style: Style): string {
  const mark = stray === 0 ? style.good('✓') : style.bad('✗')
  const of = `of ${all} packets that left the runner`
  return `${mark} ${stray === 0 ? 'None' : stray} ${of} went to the thief or had the token in it.`
}

function who({ mode, culprits, out }: DemoResult, style: Style): string[] {
  if (mode === 'none') return ['  Nobody watched. Run it again without --none.']
  if (out === null) return [`${style.bad('✗')} Runwarden left no report.`]
  if (culprits.length === 0) return [`${style.bad('✗')} The report names nobody.`]
  return [
    ...culprits.flatMap((culprit) => culpritLines(culprit, style)),
    ...(mode === 'audit' ? ['', '  In block mode each of these is stopped: npm run demo'] : []),
    '',
    `  ${style.dim('report')}  ${out}/report.html`,
  ]
}

function culpritLines({ pid, command, package: name, ancestors, acts }: Culprit, style: Style) {
  const where = name === null ? '' : `, package ${style.bold(harmless(name))}`
  const lines = acts.map(
    ({ what, verdict, count }) =>
      `    ${style.verdict(verdict)}  ${short(harmless(what))}${count > 1 ? style.dim(`  ×${count}`) : ''}`,
  )
  const from = ancestors.map((line) => `    ${style.dim('started by')}  ${harmless(line)}`)
  return [
    `The report says who: ${style.bold(harmless(command))} (process ${pid})${where}`,
    ...from,
    ...lines,
  ]
}

/** Keeps both ends of what is too long for a line. */
function short(text: string): string {
  return text.length <= 76 ? text : `${text.slice(0, 36)}…${text.slice(-39)}`
}
