// Who is signed in: a token or an API key, in the tab's memory and storage only.
import { forgetAll, store } from "./store.ts";

export type Credentials = { kind: "token" | "key"; value: string };

export const credentials = store<Credentials | null>(null, "credentials");
/** Why the sign-in page is shown although someone was signed in. */
export const signInReason = store("");
const lastUser = store("", "user");

const TOKEN_IN_FRAGMENT = /^#token=([A-Za-z0-9_.-]+)$/;

/** Takes a token from the address and removes it there and from the history, before anything else sees it. */
export function takeTokenFromAddress(): void {
  const found = TOKEN_IN_FRAGMENT.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  signIn({ kind: "token", value: found[1]! });
}

/** Signs in. What another user left in this tab is forgotten; the same user's drafts stay. */
export function signIn(given: Credentials): void {
  const user = userOf(given);
  if (lastUser.get() !== user) forgetAll();
  lastUser.set(user);
  signInReason.set("");
  credentials.set(given);
}

export function signOut(): void {
  forgetAll();
  signInReason.set("");
}

/** The credentials are no longer accepted. Drafts stay for the same user's return. */
export function expire(message: string): void {
  if (!credentials.get()) return;
  signInReason.set(message);
  credentials.set(null);
}

export function headersOf(given: Credentials | null): Record<string, string> {
  if (!given) return {};
  return given.kind === "token" ? { Authorization: `Bearer ${given.value}` } : { "X-API-Key": given.value };
}

/** The token's user; of an API key its first characters. Only to recognise and to show: the API decides. */
export function userOf(given: Credentials | null): string {
  if (!given) return "";
  return given.kind === "key" ? `${given.value.slice(0, 12)}…` : String(claimsOf(given).sub ?? "");
}

export function isAdmin(given: Credentials | null): boolean {
  const roles = claimsOf(given).roles;
  return Array.isArray(roles) && roles.includes("admin");
}

function claimsOf(given: Credentials | null): Record<string, unknown> {
  return given?.kind === "token" ? claimsOfToken(given.value) : {};
}

/** The claims of a JSON Web Token, unchecked; none of anything else. */
export function claimsOfToken(token: string): Record<string, unknown> {
  try {
    const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
