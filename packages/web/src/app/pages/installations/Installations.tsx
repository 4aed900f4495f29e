import { CopyButton } from '../../../ui/CopyButton.tsx'
import { Fact, Facts } from '../../../ui/Facts.tsx'
import { Section } from '../../../ui/Section.tsx'
import { Snippet } from '../../../ui/Snippet.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { useRouterAddress } from '../../router-address.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Agents } from './Agents.tsx'
import { type Guide, guides, warningOf } from './guides.ts'

/** How jobs come to be watched, and which agents were heard. */
export default function Installations() {
  const org = useOrganisation()
  useTitle('Installations')
  useBreadcrumb([{ label: 'Installations' }])
  const { get, href } = useRouterAddress()
  const server = location.origin
  const all = guides({ server, org })
  const current = all.find(({ id }) => id === get('on')) ?? all[0]
  const warning = warningOf(server)
  return (
    <>
      <div className="top">
        <h1>Installations</h1>
      </div>
      <Facts>
        <Fact title="This server">
          <code>{server}</code> <CopyButton text={server} label="Copy the address" />
        </Fact>
        <Fact title="For runners without an OIDC token">
          <Link to={paths.keys(org)}>API keys</Link>
        </Fact>
      </Facts>
      {warning !== null && <p className="banner">{warning}</p>}
      <nav className="tabs" aria-label="Where jobs run">
        <ul>
          {all.map(({ id, title }) => (
            <li key={id}>
              <Link
                stay
                to={href({ on: id })}
                aria-current={id === current?.id ? 'page' : undefined}
              >
                {title}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="spaced">
        {current !== undefined && <Shown guide={current} />}
        <Agents org={org} />
      </div>
    </>
  )
}

function Shown({ guide }: { guide: Guide }) {
  return (
    <Section id="guide" title={guide.title} about={guide.about}>
      {guide.steps.length > 0 && (
        <ol className="steps">
          {guide.steps.map(({ text, label, snippet }) => (
            <li key={text}>
              <p>{text}</p>
              {snippet !== undefined && <Snippet label={label ?? 'Snippet'} text={snippet} />}
            </li>
          ))}
        </ol>
      )}
    </Section>
  )
}
