import { useMutation } from '@tanstack/react-query'
import { Text } from '../../ui/Text.tsx'
import { api, ask } from '../api.ts'
import { paths } from '../paths.ts'
import { useMe } from '../session/session.ts'
import { themes, useTheme } from './theme.ts'

/** Who is signed in, how they like the page, and the way out. */
export function Person() {
  const { name } = useMe()
  const [theme, setTheme] = useTheme()
  const signOut = useMutation({
    mutationFn: () => ask(api.POST('/v1/sign-out')),
    onSuccess: () => location.assign(paths.signIn()),
  })
  return (
    <details className="person">
      <summary>
        <Text value={name} limit={40} />
      </summary>
      <div className="sheet">
        <fieldset className="filter">
          <legend>Theme</legend>
          {themes.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === theme}
              onClick={() => setTheme(one)}
            >
              {one}
            </button>
          ))}
        </fieldset>
        <p className="about">
          Press <kbd>?</kbd> for the keys.
        </p>
        <button type="button" onClick={() => signOut.mutate()} disabled={signOut.isPending}>
          Sign out
        </button>
      </div>
    </details>
  )
}
