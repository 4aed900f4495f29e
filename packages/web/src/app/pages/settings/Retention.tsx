import { useQuery } from '@tanstack/react-query'
import { bytes, grouped } from '@runwarden/report/view'
import { Command } from '../../../ui/Command.tsx'
import { Fact, Facts } from '../../../ui/Facts.tsx'
import { Section } from '../../../ui/Section.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { Frame } from './Frame.tsx'

/** How long jobs are kept. */
export default function Retention() {
  const org = useOrganisation()
  const retention = useQuery({
    queryKey: ['retention', org],
    queryFn: () => ask(api.GET('/v1/orgs/{org}/retention', { params: { path: { org } } })),
  })
  return (
    <Frame title="Retention">
      <Loaded query={retention} label="The retention is loading" lines={4}>
        {({ days, size, used, jobs, oldest }) => (
          <>
            <Section id="kept" title="What is kept">
              <Facts>
                <Fact title="Jobs are deleted after">
                  {days === 0 ? 'never' : `${grouped(days)} days`}
                </Fact>
                <Fact title="Bound of all events on this server">
                  {size === 0 ? 'none' : bytes(size)}
                </Fact>
                <Fact title={`Jobs of ${org}`}>{grouped(jobs)}</Fact>
                <Fact title="Their events">{bytes(used)}</Fact>
                <Fact title="The oldest began">
                  {oldest === null ? 'there is none' : <Time at={oldest} />}
                </Fact>
              </Facts>
            </Section>
            <Section
              id="change"
              title="To change it"
              about="Both are settings of the server, for all of its organisations; whoever runs it starts it with others."
            >
              <Command
                label="Command"
                text="runwarden server --data DIR --retention-days 90 --retention-size 200GB"
              />
            </Section>
          </>
        )}
      </Loaded>
    </Frame>
  )
}
