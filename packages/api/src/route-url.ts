import type { paths } from './generated.ts'

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never

type OperationOf<Path extends keyof paths, Method extends 'get' | 'post'> = NonNullable<
  paths[Path][Method]
>

/** What is sent to a route, as JSON. */
export type BodyOf<Path extends keyof paths> =
  OperationOf<Path, 'post'> extends {
    requestBody: { content: { 'application/json': infer Body } }
  }
    ? Body
    : never

/** What a route answers. */
export type AnswerOf<Path extends keyof paths, Method extends 'get' | 'post'> =
  OperationOf<Path, Method> extends {
    responses: { 200: { content: { 'application/json': infer Answer } } }
  }
    ? Answer
    : never

/**
 * The URL of a route, for those who bring their own way to ask: a job's agent and action, with time-outs, retries and authorities of
 * their own.
 * @param server without a slash at its end
 * @param names what stands in the path's braces
 */
export function routeUrl<Path extends keyof paths>(
  server: string,
  path: Path,
  names: Readonly<Record<NamesIn<Path>, string | number>>,
): URL {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: NamesIn<Path>) =>
    encodeURIComponent(names[name]),
  )
  return new URL(server + filled)
}
