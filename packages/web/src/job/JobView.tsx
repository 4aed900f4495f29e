import { Suspense, useEffect, useRef } from 'react'
import { grouped } from '@runwarden/report/view'
import { Skeleton } from '../ui/Skeleton.tsx'
import { AddressLink } from './AddressLink.tsx'
import { useAddressed } from './address.ts'
import { JobHeader } from './JobHeader.tsx'
import { unnarrowed } from './narrowing.ts'
import { useJob } from './source.ts'
import { tabs } from './tabs.ts'

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
  const { Tab } = current
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
                    <span className={tab.alarm?.(facts) === true ? 'count alarm' : 'count'}>
                      {grouped(count)}
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
        <Suspense fallback={<Skeleton label={`${current.title} is loading`} lines={10} />}>
          <Tab />
        </Suspense>
      </section>
    </>
  )
}
