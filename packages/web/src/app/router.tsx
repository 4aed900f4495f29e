import { createBrowserRouter, type RouteObject } from 'react-router'
import { Skeleton } from '../ui/Skeleton.tsx'
import { pages } from './pages/index.ts'
import { patientLoad } from './patient-load.ts'
import { patterns } from './paths.ts'
import type { PageRoute } from './registry.ts'
import { Invitation } from './session/Invitation.tsx'
import { SignIn } from './session/SignIn.tsx'
import { Session } from './session/Session.tsx'
import { Broken } from './shell/Broken.tsx'
import { Home } from './shell/Home.tsx'
import { NotFound } from './shell/NotFound.tsx'
import { Shell } from './shell/Shell.tsx'

const page = ({ at, load }: PageRoute): RouteObject => ({
  path: patterns[at],
  errorElement: <Broken />,
  lazy: async () => ({ Component: (await patientLoad(load)).default }),
})

export const createRouter = () =>
  createBrowserRouter([
    { path: patterns.signIn, element: <SignIn /> },
    { path: patterns.invitation, element: <Invitation /> },
    {
      element: (
        <Session>
          <Shell />
        </Session>
      ),
      hydrateFallbackElement: <Skeleton label="The page is loading" lines={6} />,
      children: [
        { path: patterns.home, element: <Home /> },
        ...pages.map(page),
        { path: '*', element: <NotFound /> },
      ],
    },
  ])
