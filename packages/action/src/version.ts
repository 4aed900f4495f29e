/** The version of this command, as `runwarden --version` prints it. */
export const version = '0.1.0'
