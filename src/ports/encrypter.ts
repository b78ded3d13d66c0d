/** The ports to what encrypts and decrypts: sops. */

export interface Encrypter {
  /** Names whom it encrypts for: what was encrypted for others is encrypted anew. */
  readonly recipients: string;
  /**
   * A Secret in YAML with the values of `data` and `stringData` encrypted, and the member `sops`. `path`: where in the
   * repository it will stand, which may decide for whom. Throws a SluiceError (SOPS_FAILED, PROGRAM_MISSING).
   */
  encrypt(secret: string, path: string): Promise<string>;
}

export interface Decrypter {
  /** A YAML or JSON file that was encrypted, as it was before. Throws a SluiceError (SOPS_FAILED, PROGRAM_MISSING). */
  decrypt(text: string, path: string): Promise<string>;
}
