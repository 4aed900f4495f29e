/** Ids of detections that `lockdown` can name. */
export const detectionIds: readonly string[] = [
  'agent-tampered',
  'attack-blocked',
  'domain-blocked',
  'exfiltration-attempt',
  'https-outbound-anomaly',
  'imposter-commit',
  'new-outbound-destination',
  'policy-changed',
  'privileged-container',
  'reverse-shell',
  'runner-worker-memory-read',
  'secret-in-artifact',
  'secret-in-build-log',
  'source-code-overwritten',
  'suspicious-network-call',
  'suspicious-process',
]
