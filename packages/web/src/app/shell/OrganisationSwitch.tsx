import { useLocation, useNavigate, useParams } from 'react-router'
import { plain } from '@runwarden/events/plain'
import { isOfServer, paths } from '../paths.ts'
import { useMe } from '../session/session.ts'

/** What no organisation is called. */
const server = '/'

/** Goes to the overview of another organisation, or to what is the server's own. */
export function OrganisationSwitch() {
  const { organisations, operator } = useMe()
  const { org } = useParams()
  const { pathname } = useLocation()
  const navigate = useNavigate()
  if (organisations.length < 2 && !operator) return null
  const now = organisations.find(({ name }) => name.toLowerCase() === org?.toLowerCase())
  return (
    <select
      aria-label="Organisation"
      className="switch"
      value={isOfServer(pathname) ? server : (now?.name ?? '')}
      onChange={({ target: { value } }) =>
        void navigate(value === server ? paths.server() : paths.overview(value))
      }
    >
      {now === undefined && !isOfServer(pathname) && (
        <option value="">Choose an organisation</option>
      )}
      {organisations.map(({ id, name }) => (
        <option key={id} value={name}>
          {plain(name, 100)}
        </option>
      ))}
      {operator && <option value={server}>All of this server</option>}
    </select>
  )
}
