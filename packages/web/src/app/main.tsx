import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router/dom'
import '../styles/app.css'
import { AskAgainContext } from '../ui/ask-again.ts'
import { askAgain, createQueries } from './api.ts'
import { createRouter } from './router.tsx'
import { applyTheme, storedTheme } from './shell/theme.ts'

applyTheme(storedTheme())
const root = document.getElementById('root')
if (root === null) throw new Error('The page has no #root')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueries()}>
      <AskAgainContext value={askAgain}>
        <RouterProvider router={createRouter()} />
      </AskAgainContext>
    </QueryClientProvider>
  </StrictMode>,
)
