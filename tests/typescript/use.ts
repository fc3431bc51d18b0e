// A program that uses the declarations; where it must not be accepted, it says so, and why.
import type * as nymea from "../../docs/reference/api";
import type * as tani from "../../docs/reference/tani";

const signIn: nymea.Request<"JSONRPC.Authenticate"> = {
  id: 1,
  method: "JSONRPC.Authenticate",
  params: { username: "ann", password: "Rather-Long-4", deviceName: "a page" },
};

// @ts-expect-error a password is a text
signIn.params = { username: "ann", password: 4, deviceName: "a page" };

// @ts-expect-error there is no such method
export const unknown: nymea.MethodName = "Users.Forget";

export function token(reply: nymea.Reply<"JSONRPC.Authenticate">): string | undefined {
  // @ts-expect-error a reply has parameters only after a success
  reply.params;
  return reply.status === "success" ? reply.params.token : undefined;
}

export function told(notification: nymea.Notification): string {
  switch (notification.notification) {
    case "Users.UserAdded":
    case "Users.UserChanged":
      return notification.params.userInfo.username;
    case "Users.UserRemoved":
      return notification.params.username;
    case "Access.PairingRequested":
      return notification.params.pairing.deviceName;
    case "Access.GroupChanged":
      return notification.params.name;
    case "Access.AccountChanged":
    case "Access.TokensChanged":
      return notification.params.username;
    default:
      return String(notification.params.success);
  }
}

export function rename(user: nymea.UserInfo): void {
  // @ts-expect-error what the server shows of a user is read-only
  user.username = "bob";
}

export const write: tani.Request<"Users/Write"> = {
  function: "Users/Write",
  id: "first",
  data: { Username: "bob", Password: "Longer-Still-5", Items: [{ Itemname: "Objects.Plant" }] },
};

// @ts-expect-error a group has a name
export const group: tani.Request<"Users/WriteGroup"> = { function: "Users/WriteGroup", data: {} };

export function key(response: tani.Response<"Users/Login">): string {
  return response.status === 0 ? response.data.AuthKey : response.error;
}

export function names(event: tani.Event): string[] {
  return event.event === "UsersChanged" ? event.data.Usernames : event.data.Groups;
}
