// Generated from the definitions of Tani's functions; `make fix` writes it anew.

export type FunctionName = keyof Functions;

/** What a client sends. */
export interface Request<F extends FunctionName = FunctionName> {
  function: F;
  id?: number | string;
  data?: Functions[F]["data"];
}

/** What the server replies to the request with the same id. */
export type Response<F extends FunctionName = FunctionName> =
  | { function: F; id?: number | string; status: 0; data: Functions[F]["returns"] }
  | {
      function: string;
      id?: number | string | null;
      status: Exclude<Status, 0>;
      error: string;
      data: Record<string, never>;
    };

/** What the server tells without being asked. */
export type Event = { [E in keyof Events]: { event: E; data: Events[E] } }[keyof Events];

/** How it went. */
export type Status =
  | 0 // ok
  | 1 // bad request
  | 2 // unknown function
  | 3 // not permitted
  | 4 // sign in failed
  | 5 // session over
  | 6 // not found
  | 7 // conflict
  | 8 // too large
  | 9 // busy
  | 10 // storage failed
;

/** What a client can be told without asking. */
export type EventName =
  | "AccessRightsChanged"
  | "UsersChanged";

/** What a connection may do: effective rights, own and given by groups. */
export interface AccessRights {
  Groups: string[];
  UserEdit: boolean;
  Editor: boolean;
  Diag: boolean;
  Username: string;
}

/** A group as stored. */
export interface GroupRecord {
  Groupname: string;
  UserEdit: boolean;
  Editor: boolean;
  Diag: boolean;
  Items: ItemRight[];
}

/** A right on items; Tani spells it ``Itemname``. */
export interface ItemRight {
  Itemname: string;
  Prefix?: boolean;
  Write?: boolean;
}

/** What a connection may do, and the key that opens the session again. */
export interface LoggedIn {
  Groups: string[];
  UserEdit: boolean;
  Editor: boolean;
  Diag: boolean;
  Username: string;
  AuthKey: string;
}

/** A user as stored: rights of their own, and whether they have a password. */
export interface UserRecord {
  Username: string;
  Password: boolean;
  UserEdit: boolean;
  Editor: boolean;
  Diag: boolean;
  Groups: string[];
  Items: ItemRight[];
}

/** What each takes (data), and what it gives. */
export interface Functions {
  /**
   * Sign in, and get the key that opens the session again.
   *
   * After a failure the connection is that of nobody.
   */
  "Users/Login": {
    data: {
      Username: string;
      Password: string;
    };
    returns: LoggedIn;
  };
  /**
   * Go on with the session that the key opens, as if it had never been interrupted.
   *
   * After a failure the connection is that of nobody.
   */
  "Users/ActivateSession": {
    data: {
      AuthKey: string;
    };
    returns: AccessRights;
  };
  /** Show who is signed in on this connection, and what they may do in all. */
  "Users/AccessRights": {
    data: Record<string, never>;
    returns: AccessRights;
  };
  /** End the session of this connection, or the one that "AuthKey" opens, for good. */
  "Users/Logout": {
    data: {
      AuthKey?: string;
    };
    returns: Record<string, never>;
  };
  /** Tell this connection of just these events from now on. */
  "Users/Subscribe": {
    data: {
      Events: EventName[];
    };
    returns: Record<string, never>;
  };
  /** List the users as they are stored, or a part of them, in the order they were added. */
  "Users/List": {
    data: {
      StartOffset?: number;
      MaxResults?: number;
    };
    returns: {
      MaxResults?: number;
      Blocked?: boolean;
      Results: UserRecord[];
    };
  };
  /**
   * List the groups as they are stored, or a part of them, in the order they were added.
   *
   * The first is "anonymous": what everybody may do, signed in or not.
   */
  "Users/ListGroup": {
    data: {
      StartOffset?: number;
      MaxResults?: number;
    };
    returns: {
      MaxResults?: number;
      Blocked?: boolean;
      Results: GroupRecord[];
    };
  };
  /**
   * Make a user, or change what is named of one; what is left out stays.
   *
   * "Groups" and "Items" replace the whole list. "Password" is true to keep the present one.
   * Connections signed in as that user have their new rights at once. The first user of all
   * must be able to change users and have a password.
   */
  "Users/Write": {
    data: {
      Username: string;
      Password?: boolean | string;
      UserEdit?: boolean;
      Editor?: boolean;
      Diag?: boolean;
      Groups?: string[];
      Items?: ItemRight[];
    };
    returns: Record<string, never>;
  };
  /**
   * Make a group, or change what is named of one; what is left out stays.
   *
   * "Items" replaces the whole list. Connections of members have their new rights at once.
   */
  "Users/WriteGroup": {
    data: {
      Groupname: string;
      UserEdit?: boolean;
      Editor?: boolean;
      Diag?: boolean;
      Items?: ItemRight[];
    };
    returns: Record<string, never>;
  };
  /** Delete a user. Connections signed in as that user are those of nobody at once. */
  "Users/Delete": {
    data: {
      Username: string;
    };
    returns: Record<string, never>;
  };
  /** Delete a group and take it from its members, whose rights end at once. */
  "Users/DeleteGroup": {
    data: {
      Groupname: string;
    };
    returns: Record<string, never>;
  };
}

/** Every event, with what it tells. */
export interface Events {
  /**
   * Tell a connection what it may do now.
   *
   * Sent when its rights, on items too, have changed by something else than its own sign-in.
   */
  "AccessRightsChanged": {
    Groups: string[];
    UserEdit: boolean;
    Editor: boolean;
    Diag: boolean;
    Username: string;
  };
  /** Tell those who may change users who was written or deleted. */
  "UsersChanged": {
    Usernames: string[];
    Groupnames: string[];
  };
}
