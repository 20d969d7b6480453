/** What proves to be a user. */
export type Secret =
  | { kind: "password"; text: string }
  /** What an earlier login at the token server gave instead of a password (OAuth 2 refresh token). */
  | { kind: "identity token"; text: string };

/** A user to authenticate as. */
export interface Login {
  user: string;
  /** The file it comes from; undefined when the user was asked. */
  file: string | undefined;
  /**
   * Whose login it is. A registry's goes to the registry and to the token server that the registry
   * names, as docker sends it; a token server's goes to that server alone.
   */
  owner: "registry" | "token server";
  /** Whether it was not asked for: it was merely found in another tool's file. */
  incidental: boolean;
  /** Gets the secret, which may mean to run a program or to ask. */
  secret: () => Promise<Secret>;
}

/** What a login is wanted for. */
export interface LoginWish {
  /** Host and optional port. */
  registry: string;
  repository: string;
  /** The host of the token server that the secret would go to; undefined for the registry itself. */
  tokenServer: string | undefined;
  /** Undefined for any user there are credentials of. */
  user: string | undefined;
}
