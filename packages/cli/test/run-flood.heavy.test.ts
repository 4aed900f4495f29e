import { readFileSync } from 'node:fs'
import { startLab } from '@runwarden/lab'
import { expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

const processes = 20_000
const opens = 100_000
const connects = 20_000
const names = 10_000

/**
 * The peak, reports included, as the kernel counts it: some 55 MiB are Node's program, which all of a
 * machine's Node processes share, 41 MiB the rings. Who wrote each of 100,000 files, and what is in them, is
 * remembered. 262 to 322 MiB were measured.
 */
const peakKib = 400 * 1024

test.for(['audit', 'block'])(
  'a flood of events in %s mode: memory bounded, nothing urgent lost, every loss counted',
  { timeout: 300_000 },
  async (egress) => {
    await using lab = await startLab({
      packets: false,
      records: { '*.flood.example.net': ['198.51.100.7'] },
    })
    using place = new Place()
    const flood = place.compile('flood')
    const peak = place.compile('peak')
    const script = `
    "$1" processes ${processes} && "$1" opens ${opens} && "$1" connects ${connects} 198.51.100.7 &&
    "$1" names ${names} 192.0.2.53 flood.example.net && exit 42`
    const { status, stdout, stderr } = await lab.runner.exec(
      peak,
      [
        place.at('peak.kib'),
        runwarden,
        'run',
        '--egress',
        egress,
        '--out',
        place.out,
        '--',
        'sh',
        '-c',
        script,
        'sh',
        flood,
      ],
      { cwd: place.path, timeout: 280_000 },
    )
    const made = `processes ${processes}\nopens ${opens}\nconnects ${connects}\nnames ${names}\n`
    // With stderr, so that a failure says why.
    expect({ status, stdout, stderr }).toEqual({
      status: 42,
      stdout: made,
      stderr: expect.not.stringContaining('INCOMPLETE'),
    })

    const report = place.report()
    const { eventsLost } = report.health
    const kib = Number(readFileSync(place.at('peak.kib'), 'utf8'))
    console.log(
      `${egress}: peak ${(kib / 1024).toFixed(1)} MiB, ${report.counts.events} events, lost ${JSON.stringify(eventsLost)}`,
    )
    expect(kib).toBeLessThan(peakKib)

    // Every line is whole, and none is missing between the first and the last.
    const seen = new Map<string, number>()
    const count = (what: string, more = 1): unknown => seen.set(what, (seen.get(what) ?? 0) + more)
    let seq = 0
    for (const event of place.events()) {
      seq++
      expect(event.seq).toBe(seq)
      if (event.kind === 'process.exec' && event.argv[1] === 'nothing') count('exec')
      else if (event.kind === 'process.exit') count('exit')
      else if (
        (event.kind === 'file.create' || event.kind === 'file.write') &&
        event.path.includes('/flood-')
      )
        count('file')
      else if (event.kind === 'net.connect' && event.address === '198.51.100.7')
        count('connect', event.count)
      else if (event.kind === 'dns.query') count('query')
    }
    expect(seq).toBe(report.counts.events)
    const all = (kind: string): number => (seen.get(kind) ?? 0) + (eventsLost[kind] ?? 0)
    expect({ exec: seen.get('exec'), execLost: eventsLost['exec'] ?? 0 }).toEqual({
      exec: processes,
      execLost: 0,
    })
    // The floods themselves, and the shell that started them.
    expect(all('exit')).toBe(processes + 5)
    expect(all('file')).toBe(opens)
    expect(all('connect')).toBe(connects)
    expect((seen.get('query') ?? 0) + (eventsLost['dns.query'] ?? 0)).toBe(names)
    const lost = Object.values(eventsLost).reduce((sum, number) => sum + number, 0)
    expect(stderr.includes(' lost')).toBe(lost > 0)
  },
)
