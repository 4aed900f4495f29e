import { Navigate } from 'react-router'
import { Text } from '../../ui/Text.tsx'
import { Link } from '../Link.tsx'
import { paths } from '../paths.ts'
import { useMe } from '../session/session.ts'
import { takeWayBack } from '../session/way-back.ts'
import { FirstOrganisation } from './FirstOrganisation.tsx'
import { useTitle } from './title.ts'

/** Back to where one wanted to go before signing in, else to one's organisation. */
export function Home() {
  useTitle('Organisations')
  const { organisations, operator } = useMe()
  const back = takeWayBack()
  if (back !== null) return <Navigate to={back} replace />
  const [only, ...others] = organisations
  if (only !== undefined && others.length === 0)
    return <Navigate to={paths.overview(only.name)} replace />
  return (
    <>
      <h1>Organisations</h1>
      {organisations.length === 0 && operator && <FirstOrganisation />}
      {organisations.length === 0 && !operator && (
        <p className="nothing">
          You are in no organisation. Ask one of its administrators for an invitation.
        </p>
      )}
      {organisations.length > 0 && (
        <ul className="plain listed places">
          {organisations.map(({ id, name }) => (
            <li key={id}>
              <Link className="name" to={paths.overview(name)}>
                <Text value={name} />
              </Link>
            </li>
          ))}
          {operator && (
            <li>
              <Link to={paths.server()}>All of this server</Link>
            </li>
          )}
        </ul>
      )}
    </>
  )
}
