/**
 * Policy without its document: endpoints, block lists, matching, decisions. Reading a policy
 * document needs a YAML parser, which costs start-up time, and is `@runwarden/policy/document`.
 */
export { bytesOf } from './address-index.ts'
export { formatAddress, isLoopback, isLoopbackText, readAddress } from './address.ts'
export { parseAllowedEndpoints } from './allowed-endpoints.ts'
export { parseBlockList } from './block-list.ts'
export type { BlockEntry, BlockList } from './block-list.ts'
export { joinBlockLists } from './join-block-lists.ts'
export { compile } from './compile.ts'
export { detectionIds } from './detections.ts'
export type {
  AddressGrant,
  CompiledBlock,
  CompiledPolicy,
  CompiledRule,
  NameGrant,
} from './compile.ts'
export {
  allowingRule,
  blockLabel,
  decide,
  decideName,
  fullLines,
  isMeantFor,
  matchAddress,
  matchName,
  narrowedReason,
  ruleLabel,
  whyNameIsNotEnough,
} from './decide.ts'
export type { CompiledNarrowings, Narrowing } from './narrowing.ts'
export type { Actor, Attempt, Decision, FullLine, NameMatch, Verdict } from './decide.ts'
export { decideRequest, hostWithPort, httpsLines, httpsLinesOf, splitHost } from './https.ts'
export type { HttpsLine } from './https.ts'
export { pathSegments, withoutPlainEscapes } from './https-path.ts'
export { parseEndpoint } from './endpoint.ts'
export type { Endpoint } from './endpoint.ts'
export { formatEndpoint } from './endpoint-parts.ts'
export type { EndpointHost, EndpointProtocol } from './endpoint-parts.ts'
export { explain, formatExplanation } from './explain.ts'
export type { Explanation, NearLine } from './explain.ts'
export { glob } from './glob.ts'
export { formatProblem, PolicyError } from './error.ts'
export type { Problem, Where } from './error.ts'
export { notAllowedThere, uncheckedHint } from './hint.ts'
export { extendPolicy, policyOf } from './policy.ts'
export type { Egress, FailMode, Hardening, Policy, PolicyRule } from './policy.ts'
export { nearestWord } from './nearest-word.ts'
export { presetNamed, presets } from './presets.ts'
export type { Preset } from './presets.ts'
export { needsLine } from './needed-lines.ts'
export { recommend } from './recommend.ts'
export type { RecommendDestination, RecommendRequest } from './recommend.ts'
export { requestLines } from './request-lines.ts'
export { readRecorded } from './recorded.ts'
export { simulate } from './simulate.ts'
export { specialRange } from './special-range.ts'
export type {
  RecordedConnect,
  RecordedEvent,
  RecordedQuery,
  RecordedRequest,
  SimulatedDestination,
  SimulatedName,
  SimulatedRequest,
  Simulation,
} from './simulate.ts'
