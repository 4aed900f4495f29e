/**
 * Keeps segments as they came, packed. Which of them there are, the database says: one without its row is not there, and a
 * store never says what it has of a job. What every store does is in test/ingest/segment-stores.test.ts.
 */
export interface SegmentStore {
  /**
   * When it returns, the segment outlives a power failure. Until then it is there whole or not at all, and so is what was
   * there under its number before. Two writes of one number at once are the caller's to prevent.
   * @throws the system's error; then nothing of it is left
   */
  write(jobId: string, seq: number, body: Uint8Array): Promise<void>
  /** @throws when it is not there, or can't be read */
  read(jobId: string, seq: number): Promise<Buffer>
  /** Jobs that there may be segments of. */
  jobs(): Promise<string[]>
  /** All of a job; one that is not there is no error. */
  remove(jobId: string): Promise<void>
}
