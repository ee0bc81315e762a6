// Sign-in at the identity provider that the gateway's settings name: OpenID Connect, code flow with PKCE. The provider
// sends the browser back with a code, which only the holder of the verifier in this tab can exchange for a token.
import { claimsOfToken, credentials, signIn, signInReason } from "./session.ts";
import { randomId, readStored, store, writeStored } from "./store.ts";
import { T } from "./texts.ts";

export type Provider = { issuer: string; clientId: string; scopes: string };
type Pending = Provider & { state: string; nonce: string; verifier: string; tokenEndpoint: string; place: string };
type Discovery = { issuer?: string; authorization_endpoint?: string; token_endpoint?: string; code_challenge_methods_supported?: string[] };
type TokenResponse = { access_token?: string; id_token?: string; error?: string; error_description?: string };

const PENDING = "signing-in";
const OPTIONS: RequestInit = { cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };

/** Whether a code is being exchanged. */
export const exchanging = store(false);

/** The provider of the gateway's settings; null: none is set. */
export async function readProvider(): Promise<Provider | null> {
  const response = await fetch("/studio/settings.json", OPTIONS);
  const found = (response.ok ? await response.json() : {}) as Partial<Provider>;
  return found.issuer && found.clientId ? { issuer: found.issuer, clientId: found.clientId, scopes: found.scopes ?? "openid" } : null;
}

/** Sends the browser to the provider. Throws Error with a message for the user. */
export async function beginSignIn(provider: Provider): Promise<void> {
  // Missing where the page came by http from another machine.
  if (!crypto.subtle) throw new Error(T.signIn.needsHttps);
  const { authorization, token } = await discover(provider.issuer);
  const pending: Pending = {
    ...provider, state: randomId(), nonce: randomId(), verifier: randomId() + randomId(), tokenEndpoint: token, place: location.hash,
  };
  writeStored(PENDING, pending);
  const query = {
    response_type: "code", client_id: provider.clientId, redirect_uri: redirectAddress(), scope: provider.scopes,
    state: pending.state, nonce: pending.nonce, code_challenge: await challengeOf(pending.verifier), code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) authorization.searchParams.set(name, value);
  location.assign(authorization.href);
}

/** The provider's addresses. That of tokens must be at the issuer's origin, the only other one that the page may call. */
async function discover(issuer: string): Promise<{ authorization: URL; token: string }> {
  const response = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, OPTIONS);
  const found = (await response.json()) as Discovery;
  const authorization = new URL(found.authorization_endpoint ?? "");
  const token = new URL(found.token_endpoint ?? "");
  const { origin } = new URL(issuer);
  const methods = found.code_challenge_methods_supported;
  if (!response.ok || found.issuer !== issuer || token.origin !== origin || (methods && !methods.includes("S256"))) throw new Error(T.signIn.provider);
  if (authorization.protocol !== "https:" && authorization.origin !== origin) throw new Error(T.signIn.provider);
  return { authorization, token: token.href };
}

const redirectAddress = () => `${location.origin}/studio`;

async function challengeOf(verifier: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  return btoa(String.fromCharCode(...digest)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Takes the provider's response from the address and removes it there and from the history, before anything else sees it. */
export function takeCodeFromAddress(): void {
  const query = new URLSearchParams(location.search);
  if (!query.has("code") && !query.has("error")) return;
  const pending = readStored<Pending | null>(PENDING, null);
  writeStored(PENDING, null); // each sign-in is good for one response
  const answered = pending !== null && query.get("state") === pending.state && [null, pending.issuer].includes(query.get("iss"));
  history.replaceState(null, "", location.pathname + (answered ? pending.place : ""));
  if (!answered) {
    if (!credentials.get()) signInReason.set(T.signIn.notStartedHere);
    return;
  }
  if (query.has("error")) return signInReason.set(query.get("error_description") || T.signIn.refused);
  exchanging.set(true);
  void exchange(pending, query.get("code")!)
    .then((token) => signIn({ kind: "token", value: token }), (error: unknown) => signInReason.set(error instanceof TypeError ? T.signIn.provider : String((error as Error).message)))
    .finally(() => exchanging.set(false));
}

async function exchange(pending: Pending, code: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: "authorization_code", code, redirect_uri: redirectAddress(), client_id: pending.clientId, code_verifier: pending.verifier,
  });
  const response = await fetch(pending.tokenEndpoint, { ...OPTIONS, method: "POST", body });
  const found = (await response.json()) as TokenResponse;
  if (!response.ok || !found.access_token || !found.id_token) throw new Error(found.error_description || T.signIn.refused);
  checkIdToken(claimsOfToken(found.id_token), pending);
  return found.access_token;
}

/** Checks whom the ID token is for. It came from the issuer itself, so that its signature needs no check (OIDC Core 3.1.3.7). */
function checkIdToken(claims: Record<string, unknown>, { issuer, clientId, nonce }: Pending): void {
  const audience = ([] as unknown[]).concat(claims.aud);
  const valid = claims.iss === issuer && audience.includes(clientId) && claims.nonce === nonce && Number(claims.exp) * 1000 > Date.now();
  if (!valid) throw new Error(T.signIn.notForThis);
}
