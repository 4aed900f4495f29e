import { Link } from '../Link.tsx'
import { paths } from '../paths.ts'
import { useTitle } from './title.ts'

export function NotFound() {
  useTitle('No such page')
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        The address is wrong, or is of another version of this server.{' '}
        <Link to={paths.home()}>To the beginning</Link>
      </p>
    </>
  )
}
