import { useNavigate, useParams } from 'react-router'
import { plain } from '@runwarden/events/plain'
import { paths } from '../paths.ts'
import { useMe } from '../session/session.ts'

/** Goes to the overview of another organisation. */
export function OrganisationSwitch() {
  const { organisations } = useMe()
  const { org } = useParams()
  const navigate = useNavigate()
  if (organisations.length < 2) return null
  const now = organisations.find(({ name }) => name.toLowerCase() === org?.toLowerCase())
  return (
    <select
      aria-label="Organisation"
      className="switch"
      value={now?.name ?? ''}
      onChange={({ target }) => void navigate(paths.overview(target.value))}
    >
      {now === undefined && <option value="">Choose an organisation</option>}
      {organisations.map(({ id, name }) => (
        <option key={id} value={name}>
          {plain(name, 100)}
        </option>
      ))}
    </select>
  )
}
