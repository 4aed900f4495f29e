export { githubCall, type GithubHosts, githubHosts } from './call.ts'
export { MinimumPermissions, type TokenCall, type TokenKind } from './minimum.ts'
