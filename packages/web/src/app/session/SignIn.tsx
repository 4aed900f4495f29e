import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useLocation, useSearchParams } from 'react-router'
import { Code } from '../../ui/Text.tsx'
import { api, ask } from '../api.ts'
import { useTitle } from '../shell/title.ts'
import { keepWayBack } from './way-back.ts'

/** What went wrong on the way here, by the code of the server's answer. */
const problems: Readonly<Record<string, string>> = {
  'link-used': 'This link has been used, or is too old. Ask for a new one.',
  'not-invited':
    'You are in no organisation here. Ask one of its administrators for an invitation.',
  'no-sign-in': 'The sign-in was not begun in this browser, or too long ago. Begin it again.',
}

/** Nobody is signed in: says how, and keeps where they wanted to go. */
export function SignIn() {
  useTitle('Sign in')
  const { pathname, search } = useLocation()
  const [given] = useSearchParams()
  const problem = given.get('problem')
  const about = useQuery({ queryKey: ['about'], queryFn: () => ask(api.GET('/v1')) })
  useEffect(() => {
    if (pathname !== '/' && pathname !== '/sign-in') keepWayBack(pathname + search)
  }, [pathname, search])
  return (
    <main className="sign-in" id="content" tabIndex={-1}>
      <h1>Sign in to Runwarden</h1>
      {problem !== null && (
        <p className="notices" role="alert">
          {problems[problem] ?? 'The sign-in did not work. Try it again.'}
        </p>
      )}
      {about.data?.signIn === 'provider' && (
        <a className="button primary" href="/v1/sign-in">
          Sign in with your organisation’s account
        </a>
      )}
      {about.data?.signIn === 'link' && (
        <>
          <p>
            People sign in here by links that work once. An invitation from an administrator of your
            organisation is such a link.
          </p>
          <p>Whoever runs this server gets the administrator’s link by</p>
          <p>
            <Code value="runwarden server sign-in --data DIR" />
          </p>
        </>
      )}
      {about.isError && <p role="alert">The server does not answer. This page tries it again.</p>}
      <p className="about">Afterwards you are back at the page that you wanted.</p>
    </main>
  )
}
