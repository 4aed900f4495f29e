export function Unreadable({ error }: { error: unknown }) {
  return (
    <main className="unreadable">
      <h1>No report to show</h1>
      <p>{error instanceof Error ? error.message : String(error)}</p>
    </main>
  )
}
