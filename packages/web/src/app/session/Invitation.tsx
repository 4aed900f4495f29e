import { useTitle } from '../shell/title.ts'

/** Takes an invitation, by a button: programs that look at links before people do press none. */
export function Invitation() {
  useTitle('Invitation')
  return (
    <main className="sign-in" id="content" tabIndex={-1}>
      <h1>You are invited to Runwarden</h1>
      <p>
        It shows what the jobs of your organisation’s builds did on the network, and what was
        blocked. The invitation can be taken once; you are signed in in this browser then.
      </p>
      {/* To this address itself, which has the invitation’s token; the answer leads to the app. */}
      <form method="post">
        <button className="primary">Take the invitation</button>
      </form>
      <p className="about">Was it not meant for you? Then leave this page: nothing happens.</p>
    </main>
  )
}
