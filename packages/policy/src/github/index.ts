export { MinimumPermissions, type TokenCall, type TokenKind } from './minimum.ts'
