import { Navigate } from 'react-router'
import { paths } from '../../paths.ts'
import { useMay } from '../../session/session.ts'
import { useOrganisation } from '../../shell/organisation.ts'

/** The first of the settings that one may see. */
export default function Settings() {
  const org = useOrganisation()
  const mayKeys = useMay(org, 'admin')
  return <Navigate to={mayKeys ? paths.keys(org) : paths.members(org)} replace />
}
