// Types that the modules of the page share. The type checker knows them everywhere without an
// import; browsers never load this file.

import type * as api from "../../../docs/reference/api";

declare global {
  type Methods = api.Methods;
  type MethodName = api.MethodName;
  type Notifications = api.Notifications;
  type NotificationName = api.NotificationName;
  type Params<M extends MethodName> = Methods[M]["params"];
  type Returns<M extends MethodName> = Methods[M]["returns"];

  type Account = api.AccessAccount;
  type AuditEvent = api.AccessAuditEvent;
  type Effect = api.AccessEffect;
  type FileFormat = api.AccessAuditFormat;
  type Group = api.AccessGroup;
  type Hello = api.HelloReturns;
  type Me = Returns<"Access.GetOwnState">;
  type Pairing = api.AccessPairing;
  type Right = api.AccessRight;
  type Rule = api.ItemRule;
  type Scope = api.PermissionScope;
  type ServerState = Returns<"Access.GetServerState">;
  type Session = api.AccessSession;
  type Setup = Returns<"Access.GetSetup">;
  type Token = api.AccessToken;

  /** The name of a text. */
  type Key = keyof typeof import("./static/texts.js").default;
  type Language = "en" | "fr" | "de";

  /** What an element is filled with; what is nothing is left out. */
  type Child = Node | string | number | null | undefined | false;
  type Children = Child | Child[];
  type Mood = "good" | "bad" | "warn" | "calm";

  type Input = HTMLInputElement & HTMLSelectElement & HTMLTextAreaElement;

  interface Field {
    root: HTMLElement;
    input: Input;
    /** Say what is wrong with it; nothing with "". */
    say: (text?: string) => void;
    value: string;
    checked: boolean;
  }

  /** What edits a value. */
  type Editor<V> = { root: HTMLElement; value: V };
  type Editors = Record<string, Editor<any>>;
  type ValuesOf<E extends Editors> = { [K in keyof E]: E[K]["value"] };

  interface FieldHow {
    /** Of the input; "select" and "textarea" are elements of their own. */
    type?: string;
    value?: string;
    /** Below the label. */
    hint?: string;
    autocomplete?: string;
    required?: boolean;
    checked?: boolean;
    /** Of a select: value and text. */
    options?: [string, string][];
    /** Further attributes. */
    more?: Record<string, any>;
  }

  interface Column<R> {
    title: string;
    /** Without it what is compared. */
    cell?: (row: R) => Children;
    /** What is compared; without it the column cannot be sorted. */
    sort?: (row: R) => string | number;
    /** "minor" is left out on narrow screens, "number" is set to the right. */
    kind?: "minor" | "number";
  }

  interface TableHow<R> {
    /** What it lists. */
    label: string;
    /** The first is what a row is called. */
    columns: Column<R>[];
    /** Its own of each row. One with its type written out says what R is. */
    key: (row: R) => string;
    /** What is searched. */
    text: (row: R) => string;
    /** What is said where there are no rows. */
    empty: string;
    /** Beside the search. */
    tools?: HTMLElement;
    /** Index of the column that sorts at first. */
    sortBy?: number;
  }

  interface ButtonHow {
    /** "main" for the one that is meant, "danger" for what cannot be taken back. */
    kind?: "main" | "danger" | "quiet";
    /** What is read out, where that is more than what is shown. */
    label?: string;
  }

  /** What is thrown where the server refuses, or cannot be asked: see api.js. */
  interface Refusal extends Error {
    word?: string;
    /** Seconds to wait. */
    retryAfter?: number;
  }

  /** A field, and what is wrong with it; nothing with "". */
  type Fault = [Field, string];

  interface FormHow {
    fields?: ({ root: HTMLElement } | HTMLElement | null | undefined | false)[];
    /** What the button says. */
    action: string;
    /** May throw; that is said, and nothing that was typed is lost. */
    submit: () => unknown;
    /** Before anything is sent; the first field that is wrong gets the focus. */
    check?: () => Fault[];
    /** Further ones. */
    buttons?: Child[];
    kind?: "main" | "danger";
    /** The field that is to blame. */
    at?: (error: Refusal) => Field | null | undefined;
  }

  interface AskHow extends Omit<FormHow, "action" | "buttons"> {
    /** Without it the title. */
    action?: string;
    /** Above the fields. */
    lead?: Children;
    /** As of a form; where it gives false, the dialog stays. */
    submit: () => unknown;
  }

  /** What a view needs: see `may` of store.js. */
  type Need = "users" | "admin" | "own" | "tokens";
  type Phase = "wait" | "set-up" | "sign-in" | "in";
  type Heard = "state" | "connection" | "language";

  interface Place {
    /** To be filled. */
    root: HTMLElement;
    /** What follows the name of the view in the address. */
    args: string[];
    /** Aborted when another view is shown. */
    signal: AbortSignal;
  }

  interface View {
    /** In the address. */
    name: string;
    title: Key;
    /** A path of 16 by 16. */
    icon: string;
    needs?: Need;
    show: (place: Place) => void;
  }
}
