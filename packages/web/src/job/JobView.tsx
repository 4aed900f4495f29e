import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { grouped } from '@runwarden/report/view'
import { Skeleton } from '../ui/Skeleton.tsx'
import { AddressLink } from './AddressLink.tsx'
import { useAddressed } from './address.ts'
import { JobHeader } from './JobHeader.tsx'
import { unnarrowed } from './narrowing.ts'
import { useJob } from './source.ts'
import { type Tab, tabs } from './tabs.ts'

/** The first tab has so long for itself, milliseconds. */
const restMs = 1000

/** A job: its facts, and its tabs, of which the address names one. */
export function JobView() {
  const source = useJob()
  const { facts } = source
  const [id] = useAddressed('tab')
  const there = tabs.filter(({ isThere }) => isThere?.(source) ?? true)
  const current = there.find((tab) => tab.id === id) ?? there[0]
  const bar = useRef<HTMLElement>(null)
  // On a phone not all tabs are in sight.
  useEffect(() => {
    const link = bar.current?.querySelector(`[data-tab="${current?.id}"]`)
    link?.scrollIntoView({ block: 'nearest', inline: 'center', behavior: 'instant' })
  }, [current?.id])
  // The others come when this one is there: who looks at them does not wait, nor need the server.
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const { load } of tabs) load().catch(() => undefined)
    }, restMs)
    return () => clearTimeout(timer)
  }, [])
  if (current === undefined) return null
  return (
    <>
      <JobHeader />
      <nav className="tabs" aria-label="Of this job" ref={bar}>
        <ul>
          {there.map((tab) => {
            const count = tab.count?.(facts) ?? null
            return (
              <li key={tab.id} data-tab={tab.id}>
                <AddressLink
                  set={{ ...unnarrowed, tab: tab.id }}
                  aria-current={tab === current ? 'page' : undefined}
                >
                  {tab.title}
                  {count !== null && (
                    <span
                      className={tab.alarm?.(facts) === true ? 'count alarm' : 'count'}
                      title={count < 1000 ? undefined : grouped(count)}
                    >
                      {rounded(count)}
                    </span>
                  )}
                </AddressLink>
              </li>
            )
          })}
        </ul>
      </nav>
      <section className="tab" aria-labelledby="tab-title">
        <h2 id="tab-title">{current.title}</h2>
        <Content of={current} />
      </section>
    </>
  )
}

/** A tab's content, when it has come; where the server is away it is asked for until it comes. */
function Content({ of: { id, title, load } }: { of: Tab }) {
  const { data: Part } = useQuery({
    queryKey: ['tab', id],
    queryFn: async () => (await load()).default,
    retry: true,
    staleTime: Infinity,
  })
  return Part === undefined ? <Skeleton label={`${title} is loading`} lines={10} /> : <Part />
}

/** All tabs have room in a row, however much the job did: the tab itself has the number in full. */
function rounded(count: number): string {
  if (count < 1000) return String(count)
  return count < 1_000_000 ? `${Math.floor(count / 1000)}k` : `${Math.floor(count / 1_000_000)}M`
}
