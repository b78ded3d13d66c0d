/** The local store is not what it should be. Never seen outside the adapter: the store is rebuilt from the remote. */
export class DamagedStoreError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "DamagedStoreError";
  }
}
