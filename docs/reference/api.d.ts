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

/** What lines of a file events are written as. */
export type AccessAuditFormat =
  | "AccessAuditFormatJsonLines"
  | "AccessAuditFormatCsv"
  | "AccessAuditFormatSyslog";

/** What is gained or lost. */
export type AccessEffectKind =
  | "AccessEffectKindAccount"
  | "AccessEffectKindState"
  | "AccessEffectKindGroup"
  | "AccessEffectKindScope"
  | "AccessEffectKindRight"
  | "AccessEffectKindThing"
  | "AccessEffectKindItem"
  | "AccessEffectKindToken";

/** Why the rules say no to a request of the namespace ``Access``. */
export type AccessError =
  | "AccessErrorNoError"
  | "AccessErrorNotSignedIn"
  | "AccessErrorForbidden"
  | "AccessErrorSignInFailed"
  | "AccessErrorSetUpAlready"
  | "AccessErrorNameInvalid"
  | "AccessErrorNameTaken"
  | "AccessErrorNameReserved"
  | "AccessErrorNoSuchUser"
  | "AccessErrorNoSuchGroup"
  | "AccessErrorNoSuchToken"
  | "AccessErrorSessionOver"
  | "AccessErrorPasswordTooWeak"
  | "AccessErrorPasswordKept"
  | "AccessErrorInconsistentScopes"
  | "AccessErrorEscalation"
  | "AccessErrorLastUserEditor"
  | "AccessErrorTextInvalid"
  | "AccessErrorOwnAccount"
  | "AccessErrorFirstMustEditUsers"
  | "AccessErrorAnonymousEditsNoUsers"
  | "AccessErrorItemRuleInvalid"
  | "AccessErrorTooLarge"
  | "AccessErrorNothingToPair"
  | "AccessErrorNotYetValid"
  | "AccessErrorLimitsInvalid"
  | "AccessErrorExpiryInvalid"
  | "AccessErrorSetupCodeWrong"
  | "AccessErrorThrottled"
  | "AccessErrorBusy"
  | "AccessErrorAuditFailed"
  | "AccessErrorStorageFailed";

/** The rights that accounts and groups have besides nymea's scopes. */
export type AccessRight =
  | "AccessRightUserEdit"
  | "AccessRightEditor"
  | "AccessRightDiag";

/** What a token is for. */
export type AccessTokenKind =
  | "AccessTokenKindDevice"
  | "AccessTokenKindSession";

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

/** An account with all that belongs to it; times in seconds, absent for none. */
export interface AccessAccount {
  readonly username: string;
  readonly displayName: string;
  readonly email: string;
  readonly scopes: PermissionScope[];
  readonly rights: AccessRight[];
  readonly allowedThingIds: Uuid[];
  readonly groups: string[];
  readonly items: ItemRule[];
  readonly hasPassword: boolean;
  readonly enabled: boolean;
  readonly validSince?: number;
  readonly validUntil?: number;
}

/** An event of the audit trail; its time in milliseconds, "line" what a file of them has. */
export interface AccessAuditEvent {
  readonly sequence: number;
  readonly time: number;
  readonly authorKind: string;
  readonly author: string;
  readonly authorId: string;
  readonly tokenId?: Uuid;
  readonly face: string;
  readonly source: string;
  readonly action: string;
  readonly object: string;
  readonly objectId: string;
  readonly outcome: string;
  readonly detail: Record<string, unknown>;
  readonly times: number;
  readonly line?: string;
}

/** One thing that would be different for a user, or with "anonymous" for everybody. */
export interface AccessEffect {
  readonly principal: string;
  readonly object: string;
  readonly kind: AccessEffectKind;
  readonly before: string;
  readonly after: string;
  readonly isPrefix?: boolean;
  readonly tokenId?: Uuid;
}

/** A group, with what its members may do by it. */
export interface AccessGroup {
  readonly name: string;
  readonly rights: AccessRight[];
  readonly items: ItemRule[];
}

/** Somebody who has to wait after failed sign-ins; "" stands for all of them. */
export interface AccessLock {
  readonly username: string;
  readonly source: string;
  readonly failures: number;
  readonly until: number;
}

/** A device that waits to be let in, where it is, and until when it waits, in seconds. */
export interface AccessPairing {
  readonly transactionId: number;
  readonly deviceName: string;
  readonly source: string;
  readonly until: number;
}

/** A connection on which somebody is signed in. */
export interface AccessSession {
  readonly username: string;
  readonly tokenId: Uuid;
  readonly face: string;
  readonly source: string;
}

/** A token with its properties; what it is not limited to is absent, and so are times. */
export interface AccessToken {
  readonly id: Uuid;
  readonly username: string;
  readonly deviceName: string;
  readonly kind: AccessTokenKind;
  readonly created: number;
  readonly expires?: number;
  readonly lastUsed?: number;
  readonly lastSource?: string;
  readonly scopes?: PermissionScope[];
  readonly rights?: AccessRight[];
  readonly allowedThingIds?: Uuid[];
  readonly items?: ItemRule[];
}

/** When the trail was checked, in seconds since 1970, and what was found: a sentence a problem. */
export interface AuditCheck {
  time: number;
  isIntact: boolean;
  events: number;
  problems: string[];
}

/** Events, and where to go on. */
export interface AuditReturns {
  events: AccessAuditEvent[];
  next?: number;
  heading?: string;
}

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

/** A right to read an item, and to write it if it says so; with a prefix what lies below. */
export interface ItemRule {
  name: string;
  isPrefix?: boolean;
  mayWrite?: boolean;
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

/** Who is signed in, and what they may do with this token, groups and all. */
export interface OwnState {
  username: string;
  scopes: PermissionScope[];
  rights: AccessRight[];
  ownAccount: boolean;
  tokenId?: Uuid;
}

/** The number under which the end of the pairing will be told. */
export interface PairingReturns {
  success: boolean;
  transactionId: number;
}

/** What a new password must be like; characters, and bytes in UTF-8. */
export interface PasswordRules {
  readonly minLength: number;
  readonly maxBytes: number;
  readonly needsLowerCase: boolean;
  readonly needsUpperCase: boolean;
  readonly needsDigit: boolean;
}

/** What administrators may want to do something about. */
export interface ServerState {
  plainListeners: string[];
  passwordProfile: string;
  hasSecondEditor: boolean;
  unusedTokens: number;
}

/** Whether the server waits for its first account, and what that takes. */
export interface SetupReturns {
  setupRequired: boolean;
  codeRequired: boolean;
  serverName: string;
  passwordRules: PasswordRules;
  certificateFingerprint?: string;
}

/** A rule that matches an item, and the group that gives it, if none of the account's own. */
export interface SpokenRule {
  readonly rule: ItemRule;
  readonly group?: string;
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

/** The request that waits, if there is one. */
export interface WaitingPairing {
  pairing?: AccessPairing;
}

/** What each takes (params), and what it gives. */
export interface Methods {
  /**
   * List all accounts with their groups, rules and state, in the order they were added.
   *
   * The nameless account is the one that owns the tokens of paired devices.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.GetAccounts": {
    params: Record<string, never>;
    returns: {
      accounts: AccessAccount[];
    };
  };
  /**
   * Show an account with its groups, rules and state.
   *
   * Without "username" it is that of the user who is signed in; others need the right to change
   * users.
   *
   * Permission: PermissionScopeNone
   */
  "Access.GetAccount": {
    params: {
      username?: string;
    };
    returns: {
      error: AccessError;
      account?: AccessAccount;
    };
  };
  /**
   * Switch an account on or off, or let it open something only for a time.
   *
   * Times are in seconds since 1970; what is left out does not bound it. Whoever is signed in
   * with an account that is not valid is signed out at once. Its tokens and rights stay, and
   * count again when it is.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.SetAccountState": {
    params: {
      username: string;
      enabled: boolean;
      validSince?: number;
      validUntil?: number;
    };
    returns: {
      error: AccessError;
    };
  };
  /**
   * Replace the rights, groups or rules of an account; what is left out stays.
   *
   * Users.SetUserScopes does the same for scopes and things.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.SetAccountRights": {
    params: {
      username: string;
      rights?: AccessRight[];
      groups?: string[];
      items?: ItemRule[];
    };
    returns: {
      error: AccessError;
    };
  };
  /**
   * List all groups in the order they were added.
   *
   * The first is "anonymous": what everybody may do, signed in or not.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.GetGroups": {
    params: Record<string, never>;
    returns: {
      groups: AccessGroup[];
    };
  };
  /**
   * Make a group, or replace the rights or rules of one; what is left out stays.
   *
   * Clients that are signed in as its members have the new rights at once.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.WriteGroup": {
    params: {
      name: string;
      rights?: AccessRight[];
      items?: ItemRule[];
    };
    returns: {
      error: AccessError;
    };
  };
  /**
   * Remove a group and take it from its members, whose rights by it end at once.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.RemoveGroup": {
    params: {
      name: string;
    };
    returns: {
      error: AccessError;
    };
  };
  /**
   * Tell whether a user may read an item, or with "write" write it, and which rules say so.
   *
   * The most specific rule comes first. Without "username" it is the user who is signed in, with
   * all that the account may; "anonymous" stands for whoever is not. Others need the right to
   * change users.
   *
   * Permission: PermissionScopeNone
   */
  "Access.Explain": {
    params: {
      item: string;
      username?: string;
      write?: boolean;
    };
    returns: {
      error: AccessError;
      allowed?: boolean;
      isAdmin?: boolean;
      isValid?: boolean;
      spoken?: SpokenRule[];
    };
  };
  /**
   * List events of the audit trail, the newest first.
   *
   * "before" gives only those with a smaller sequence, "action" those whose action is or begins
   * with it, "username" those done by a user or to them. "next" is there when there may be more,
   * and is what to give as "before" to get them; at most 500 come at once. With "fileFormat" each has
   * its line, with its end, of a file that begins with "heading"; as "keystead audit export".
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.GetAuditEvents": {
    params: {
      before?: number;
      limit?: number;
      action?: string;
      username?: string;
      fileFormat?: AccessAuditFormat;
    };
    returns: AuditReturns;
  };
  /**
   * Check whether any event of the audit trail was edited, dropped, inserted or moved.
   *
   * What was found within the last minute is told again. Whether the end was cut off or everything
   * computed anew, only a checkpoint that is kept elsewhere can tell: see "keystead audit verify".
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.CheckAudit": {
    params: Record<string, never>;
    returns: AuditCheck;
  };
  /**
   * Show the device that waits to be let in by JSONRPC.RequestPushButtonAuth, if there is one.
   *
   * Its name is what the device calls itself: let the user compare it, and the source, with the
   * device in their hand.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.GetPairing": {
    params: Record<string, never>;
    returns: WaitingPairing;
  };
  /**
   * Let in the device whose request has this number, with a token of an administrator.
   *
   * It is refused when that request does not wait any more, be it that another took its place:
   * nobody is let in but the device that was shown.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.ConfirmPairing": {
    params: {
      transactionId: number;
    };
    returns: {
      error: AccessError;
    };
  };
  /**
   * Turn away the device whose request has this number; it is told that nobody let it in.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.RefusePairing": {
    params: {
      transactionId: number;
    };
    returns: {
      error: AccessError;
    };
  };
  /**
   * Tell whether the first account is still to be made, and what that takes.
   *
   * "codeRequired" means that Access.CreateFirstUser wants the one-time code which the server has
   * printed. No password may be a common one or the user's name. "certificateFingerprint" is the
   * SHA-256 of the certificate that encrypted listeners show, for people to compare with what the
   * server has printed; it proves nothing by itself.
   *
   * Permission: PermissionScopeNone
   */
  "Access.GetSetup": {
    params: Record<string, never>;
    returns: SetupReturns;
  };
  /**
   * Create the first user, an administrator, while the initial set-up is required.
   *
   * "setupCode" is the one-time code that the server has printed, in any case and with blanks and
   * dashes or without; where the server asks for none, it does not matter. Wrong codes have to
   * wait, like wrong passwords. Call JSONRPC.Authenticate next to get a token.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.CreateFirstUser": {
    params: {
      username: string;
      password: string;
      setupCode?: string;
      displayName?: string;
      email?: string;
    };
    returns: {
      error: AccessError;
    };
  };
  /**
   * Tell what a call of another method would change, without changing anything.
   *
   * It can be any that changes what accounts, groups or tokens may do. Its parameters are checked
   * as they are there, and what it would refuse is refused here. "more" counts the effects beyond
   * the first 1000, of a change that concerns very many at least so many. "accounts" tells to how
   * many accounts effects on "anonymous" apply, too. Before and after are "no" and "yes"; of items
   * "none", "read" and "write"; of secrets "old" and "new"; or times. What is empty as "object"
   * stands for the whole account, group or token.
   *
   * Permission: PermissionScopeNone
   */
  "Access.Simulate": {
    params: {
      method: string;
      params: Record<string, unknown>;
    };
    returns: {
      error: AccessError;
      effects?: AccessEffect[];
      more?: number;
      accounts?: number;
    };
  };
  /**
   * Show who is signed in on this connection, and what they may do on it.
   *
   * "ownAccount" tells whether they may look after their own account: its password, details and
   * tokens. The name is empty where nobody has to sign in.
   *
   * Permission: PermissionScopeNone
   */
  "Access.GetOwnState": {
    params: Record<string, never>;
    returns: OwnState;
  };
  /**
   * Revoke the token that is signed in with, whoever's it is; the connection ends.
   *
   * Programs that have another token of the same account stay signed in.
   *
   * Permission: PermissionScopeNone
   */
  "Access.SignOut": {
    params: Record<string, never>;
    returns: {
      error: AccessError;
    };
  };
  /**
   * Tell what an administrator may want to do something about.
   *
   * Addresses that others reach without encryption; which rules new passwords meet, "nymea" or
   * "nist"; whether a second account can change users; and how many tokens of devices have not
   * been used for 90 days, among those of the first 10000 accounts.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.GetServerState": {
    params: Record<string, never>;
    returns: ServerState;
  };
  /**
   * List the tokens of a user with their properties, oldest first.
   *
   * Without "username" they are those of all accounts, one account after the other.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.GetTokens": {
    params: {
      username?: string;
    };
    returns: {
      error: AccessError;
      tokens?: AccessToken[];
    };
  };
  /**
   * List the tokens of the user who is signed in with their properties, oldest first.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.GetOwnTokens": {
    params: Record<string, never>;
    returns: {
      error: AccessError;
      tokens?: AccessToken[];
    };
  };
  /**
   * Make a token for a device, for ever and without limits unless it is told.
   *
   * A token never opens more than its owner may, and less where it is limited: "scopes" and
   * "rights" together are all that it holds, "allowedThingIds" all things that it sees, "items"
   * all items that it reads or writes. Without "username" it is that of the user who is signed
   * in; others need the right to change users.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.CreateToken": {
    params: {
      deviceName: string;
      username?: string;
      expires?: number;
      scopes?: PermissionScope[];
      rights?: AccessRight[];
      allowedThingIds?: Uuid[];
      items?: ItemRule[];
    };
    returns: {
      error: AccessError;
      token?: string;
      tokenId?: Uuid;
    };
  };
  /**
   * Give a device's token another name, expiry and limits, all as Access.CreateToken does.
   *
   * What is left out does not bound the token any more. Clients that are signed in with it have
   * the new limits at once.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.ChangeToken": {
    params: {
      tokenId: Uuid;
      deviceName: string;
      expires?: number;
      scopes?: PermissionScope[];
      rights?: AccessRight[];
      allowedThingIds?: Uuid[];
      items?: ItemRule[];
    };
    returns: {
      error: AccessError;
    };
  };
  /**
   * Give a device's token another secret, which is shown this once; all else stays.
   *
   * The old one opens nothing any more, and clients that are signed in with it are disconnected.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.RotateToken": {
    params: {
      tokenId: Uuid;
    };
    returns: {
      error: AccessError;
      token?: string;
    };
  };
  /**
   * List the connections on which somebody is signed in at present.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.GetSessions": {
    params: Record<string, never>;
    returns: {
      sessions: AccessSession[];
    };
  };
  /**
   * List who has to wait at present before the next sign-in, because of failed ones.
   *
   * Names are those under which accounts are told apart; they may be of accounts that do not
   * exist.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.GetLocks": {
    params: Record<string, never>;
    returns: {
      locks: AccessLock[];
    };
  };
  /**
   * Forget failed sign-ins to an account, from one source or without "source" from all.
   *
   * With "source" alone it is what this source failed at whatever the account. Tells how many
   * counts there were.
   *
   * Permission: PermissionScopeAdmin
   */
  "Access.ClearLock": {
    params: {
      username?: string;
      source?: string;
    };
    returns: {
      cleared: number;
    };
  };
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
  /**
   * Tell administrators that a device asks to be let in.
   *
   * Of more than ten requests in a second some are not told; Access.GetPairing gives the one
   * that waits.
   */
  "Access.PairingRequested": {
    pairing: AccessPairing;
  };
  /** Tell administrators how a request ended that they were told of. */
  "Access.PairingFinished": {
    transactionId: number;
    success: boolean;
  };
  /**
   * Tell those who manage users, and the user concerned, that there is something new.
   *
   * The account was added or removed, or its details, scopes, groups, rules, state or password
   * were changed.
   */
  "Access.AccountChanged": {
    username: string;
  };
  /** Tell those who manage users that a group was added, changed or removed. */
  "Access.GroupChanged": {
    name: string;
  };
  /** Tell those who manage users, and the user concerned, of other tokens of an account. */
  "Access.TokensChanged": {
    username: string;
  };
}
