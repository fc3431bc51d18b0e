// Generated from the definitions of nymea's methods; `make fix` writes it anew.

/** A universally unique id. */
export type Uuid = string;

export type MethodName = keyof Methods;
export type NotificationName = keyof Notifications;

/** What a client sends. */
export interface Request<M extends MethodName = MethodName> {
  id: number;
  method: M;
  params?: Methods[M]["params"];
  token?: string;
}

/** What the server replies to the request with the same id. */
export type Reply<M extends MethodName = MethodName> =
  | { id: number; status: "success"; params: Methods[M]["returns"] }
  | { id: number; status: "error" | "unauthorized"; error: string };

/** What the server tells without being asked. */
export type Notification = {
  [N in NotificationName]: { id: number; notification: N; params: Notifications[N] };
}[NotificationName];

/** nymea's names for ``Scope``. */
export type PermissionScope =
  | "PermissionScopeNone"
  | "PermissionScopeControlThings"
  | "PermissionScopeConfigureThings"
  | "PermissionScopeAccessAllThings"
  | "PermissionScopeExecuteRules"
  | "PermissionScopeConfigureRules"
  | "PermissionScopeAdmin";

/** nymea's answer to a request that the rules refuse. */
export type UserError =
  | "UserErrorNoError"
  | "UserErrorBackendError"
  | "UserErrorInvalidUserId"
  | "UserErrorDuplicateUserId"
  | "UserErrorBadPassword"
  | "UserErrorTokenNotFound"
  | "UserErrorPermissionDenied"
  | "UserErrorInconsistantScopes";

/** Whether the sign-in succeeded, and then the token. */
export interface AuthenticateReturns {
  success: boolean;
  token?: string;
  username?: string;
  scopes?: PermissionScope[];
}

/** A method whose reply a client may keep as long as the hash stays. */
export interface CacheHash {
  hash: string;
  method: string;
}

/** An extension of the server that clients may show. */
export interface Experience {
  name: string;
  version: string;
}

/** Who the server is, and who the client is to it. */
export interface HelloReturns {
  server: string;
  name: string;
  version: string;
  uuid: string;
  language: string;
  locale: string;
  "protocol version": string;
  initialSetupRequired: boolean;
  authenticationRequired: boolean;
  pushButtonAuthAvailable: boolean;
  experiences?: Experience[];
  cacheHashes?: CacheHash[];
  authenticated?: boolean;
  permissionScopes?: PermissionScope[];
  username?: string;
}

/** The description of this API. */
export interface IntrospectReturns {
  methods: Record<string, unknown>;
  notifications: Record<string, unknown>;
  types: Record<string, unknown>;
  enums: Record<string, unknown>;
  flags: Record<string, unknown>;
}

/** The session id as it was given. */
export interface KeepAliveReturns {
  success: boolean;
  sessionId: string;
}

/** Which namespaces notify this connection. */
export interface NotificationStatus {
  namespaces: string[];
  /** @deprecated */
  enabled: boolean;
}

/** The number under which the end of the pairing will be told. */
export interface PairingReturns {
  success: boolean;
  transactionId: number;
}

/** A token as clients see it: never the secret itself. */
export interface TokenInfo {
  readonly creationTime: number;
  readonly deviceName: string;
  readonly id: Uuid;
  readonly username: string;
}

/** A user as clients see them. */
export interface UserInfo {
  readonly allowedThingIds: Uuid[];
  readonly displayName: string;
  readonly email: string;
  readonly scopes: PermissionScope[];
  readonly username: string;
}

/** Versions of the server and its protocol. */
export interface VersionReturns {
  version: string;
  "protocol version": string;
  qtVersion: string;
  qtBuildVersion: string;
}

/** What each takes (params), and what it gives. */
export interface Methods {
  /**
   * Begin the conversation; must be the first call of a connection, and may be repeated.
   *
   * With a token in the request the connection is bound to it, and the reply tells whether it
   * is valid and whom it belongs to. "locale" chooses the language of translated texts.
   *
   * Permission: PermissionScopeNone
   */
  "JSONRPC.Hello": {
    params: {
      locale?: string;
    };
    returns: HelloReturns;
  };
  /**
   * Describe all methods, notifications and types of this API.
   *
   * Permission: PermissionScopeNone
   */
  "JSONRPC.Introspect": {
    params: Record<string, never>;
    returns: IntrospectReturns;
  };
  /**
   * Tell the versions of the server and of its protocol.
   *
   * Permission: PermissionScopeNone
   */
  "JSONRPC.Version": {
    params: Record<string, never>;
    returns: VersionReturns;
  };
  /**
   * Choose the namespaces that notify this connection; all others are switched off.
   *
   * The older "enabled" switches all of them at once, and wins where both are given.
   *
   * Permission: PermissionScopeNone
   */
  "JSONRPC.SetNotificationStatus": {
    params: {
      namespaces?: string[];
      /** @deprecated */
      enabled?: boolean;
    };
    returns: NotificationStatus;
  };
  /**
   * Create the first user, an administrator, while the initial set-up is required.
   *
   * Afterwards it needs an administrator, who better calls Users.CreateUser. Call
   * JSONRPC.Authenticate next to get a token.
   *
   * Permission: PermissionScopeAdmin
   */
  "JSONRPC.CreateUser": {
    params: {
      username: string;
      password: string;
      displayName?: string;
      email?: string;
    };
    returns: {
      error: UserError;
    };
  };
  /**
   * Sign in with name and password, and get a token for this device.
   *
   * "deviceName" lets the owner recognise the token and revoke it when the device is lost. The
   * connection is bound to the new token; after a failure it is bound to none.
   *
   * Permission: PermissionScopeNone
   */
  "JSONRPC.Authenticate": {
    params: {
      username: string;
      password: string;
      deviceName: string;
    };
    returns: AuthenticateReturns;
  };
  /**
   * Ask for a token that the push of the server's button grants.
   *
   * The end comes as the notification PushButtonAuthFinished. A request of another client takes
   * over and ends this one, as do the end of the connection and five minutes of waiting. Tell
   * the user to push no button then: somebody else might be the one who is let in.
   *
   * Permission: PermissionScopeNone
   */
  "JSONRPC.RequestPushButtonAuth": {
    params: {
      deviceName: string;
    };
    returns: PairingReturns;
  };
  /**
   * Tell that the connection lives; nothing else happens.
   *
   * Permission: PermissionScopeNone
   */
  "JSONRPC.KeepAlive": {
    params: {
      sessionId: string;
    };
    returns: KeepAliveReturns;
  };
  /**
   * Create a user, an administrator unless "scopes" says otherwise.
   *
   * A user without PermissionScopeAccessAllThings sees only the things in "allowedThingIds".
   * Call JSONRPC.Authenticate to get a token for the new user.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.CreateUser": {
    params: {
      username: string;
      password: string;
      email?: string;
      displayName?: string;
      scopes?: PermissionScope[];
      allowedThingIds?: Uuid[];
    };
    returns: {
      error: UserError;
    };
  };
  /**
   * Change the password of the user who is signed in.
   *
   * Tokens of devices stay valid; sessions of web pages end.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.ChangePassword": {
    params: {
      newPassword: string;
    };
    returns: {
      error: UserError;
    };
  };
  /**
   * Change the password of a user and remove all tokens of that user.
   *
   * Every client signed in as that user is disconnected and has to sign in again.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.ChangeUserPassword": {
    params: {
      username: string;
      newPassword: string;
    };
    returns: {
      error: UserError;
    };
  };
  /**
   * Show the user who is signed in on this connection.
   *
   * Permission: PermissionScopeNone
   */
  "Users.GetUserInfo": {
    params: Record<string, never>;
    returns: {
      error: UserError;
      userInfo?: UserInfo;
    };
  };
  /**
   * List the tokens of the user who is signed in, oldest first.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.GetTokens": {
    params: Record<string, never>;
    returns: {
      error: UserError;
      tokenInfoList?: TokenInfo[];
    };
  };
  /**
   * List the tokens of a user, oldest first; none for a user who does not exist.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.GetUserTokens": {
    params: {
      username: string;
    };
    returns: {
      error: UserError;
      tokenInfoList?: TokenInfo[];
    };
  };
  /**
   * Revoke a token: one of one's own, or as an administrator any.
   *
   * The clients that are signed in with it are disconnected.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.RemoveToken": {
    params: {
      tokenId: Uuid;
    };
    returns: {
      error: UserError;
    };
  };
  /**
   * List all users in the order they were added.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.GetUsers": {
    params: Record<string, never>;
    returns: {
      users: UserInfo[];
    };
  };
  /**
   * Remove a user and all tokens of that user, and disconnect the clients signed in so.
   *
   * The last user who can change users cannot be removed.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.RemoveUser": {
    params: {
      username: string;
    };
    returns: {
      error: UserError;
    };
  };
  /**
   * Replace the scopes of a user, and with "allowedThingIds" the things they may see.
   *
   * The list of things counts for users without PermissionScopeAccessAllThings. Clients that
   * are signed in as that user have the new scopes at once.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.SetUserScopes": {
    params: {
      username: string;
      scopes: PermissionScope[];
      allowedThingIds?: Uuid[];
    };
    returns: {
      error: UserError;
    };
  };
  /**
   * Change the display name or e-mail address of a user; what is left out stays.
   *
   * Without "username" it is the user who is signed in.
   *
   * Permission: PermissionScopeAdmin
   */
  "Users.SetUserInfo": {
    params: {
      username?: string;
      displayName?: string;
      email?: string;
    };
    returns: {
      error: UserError;
    };
  };
}

/** Every notification, with what it tells. */
export interface Notifications {
  /**
   * Tell the client that asked for push-button authentication how it ended.
   *
   * Sent to that connection only, whatever notifications it has enabled. On success the
   * connection is signed in with the token already.
   */
  "JSONRPC.PushButtonAuthFinished": {
    success: boolean;
    transactionId: number;
    token?: string;
  };
  /** Tell the same as ``JSONRPC.PushButtonAuthFinished``, for clients that listen here. */
  "Users.PushButtonAuthFinished": {
    success: boolean;
    transactionId: number;
    token?: string;
  };
  /** Tell those who manage users that there is a new one. */
  "Users.UserAdded": {
    userInfo: UserInfo;
  };
  /** Tell those who manage users, and the user concerned, what a user is like now. */
  "Users.UserChanged": {
    userInfo: UserInfo;
  };
  /** Tell those who manage users that one is gone. */
  "Users.UserRemoved": {
    username: string;
  };
}
