// The public API. Its types are generated from /openapi.json, so that the page cannot use what the API does not have.
import type { components, paths } from "../dist/api.d.ts";
import { credentials, expire, headersOf } from "./session.ts";
import { T } from "./texts.ts";

type Schemas = components["schemas"];
/** A response's message with fields that the API always sends. */
type With<Message, Present extends keyof Message> = Message & Required<Pick<Message, Present>>;

export type Project = With<Schemas["Project"], "id" | "name" | "hasLogo">;
export type Brand = Schemas["Brand"];
export type Product = With<Schemas["Product"], "id" | "projectId" | "name" | "features" | "conditions" | "images">;
export type Understanding = With<Schemas["Understanding"], "confidence" | "facts" | "evidence" | "corrected">;
export type Asset = With<Schemas["Asset"], "id" | "type" | "url">;
export type Job = With<
  Omit<Schemas["JobStatus"], "assets">,
  "id" | "type" | "status" | "createdAt" | "notes" | "projectId" | "productId"
> & { assets: Asset[] };
export type Variant = Schemas["Variant"];
export type Voice = With<Schemas["Voice"], "id" | "name" | "sampleUrl">;
export type Avatar = With<Schemas["Avatar"], "id" | "name" | "previewUrl">;
export type Credits = With<Schemas["Credits"], "available" | "held">;
export type Entry = With<Schemas["StatementEntry"], "id" | "kind" | "createdAt">;
export type ApiKey = With<Schemas["ApiKey"], "id" | "name" | "hint">;
export type Webhook = With<Schemas["Webhook"], "id" | "url" | "enabled">;
export type Delivery = With<Schemas["Delivery"], "id" | "type" | "state">;
export type DeadJob = With<Schemas["DeadJob"], "jobId" | "reason">;
export type Campaign = With<Schemas["Campaign"], "id" | "name" | "projectId" | "status" | "createdAt" | "creditsEstimated" | "creditsHeld" | "creditsSpent"> & {
  counts: Required<Schemas["ChildCounts"]>; children: Child[];
};
export type Child = With<Omit<Schemas["Child"], "assets">, "number" | "productId" | "productName" | "type" | "credits" | "status"> & { assets: Asset[] };
export type Estimate = With<Omit<Schemas["GenerateCampaignResponse"], "children">, "campaignId" | "creditsEstimated" | "childrenTotal"> & { children: Child[] };
export type CopyRequest = Schemas["GenerateCopyRequest"];
export type ImageRequest = Schemas["GenerateStaticAdRequest"];
export type VideoRequest = Schemas["GenerateVideoRequest"];

type Method = "get" | "post" | "patch" | "delete";
type Path<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths];
type Parameters_<O> = O extends { parameters: infer P } ? P : object;
type PathPart<O> = Parameters_<O> extends { path: infer P } ? { path: P } : { path?: undefined };
type QueryPart<O> = Parameters_<O> extends { query?: infer Q } ? { query?: Exclude<Q, undefined> } : { query?: undefined };
type BodyPart<O> = O extends { requestBody?: { content: { "application/json": infer B } } } ? { body?: B } : { body?: undefined };
type Options<O> = PathPart<O> & QueryPart<O> & BodyPart<O> & { key?: string };
type Answer<O> = O extends { responses: { 200: { content: { "application/json": infer A } } } } ? A : void;

/** What is sent, and what "As a request" shows. `file` is the name of a file that is the body. */
export type ApiRequest = { method: string; path: string; body?: unknown; file?: string; key?: string };

export type FieldError = { field: string; message: string };

export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly fields: FieldError[];
  readonly requestId: string;

  constructor(status: number, reason: string, message: string, fields: FieldError[] = [], requestId = "") {
    super(message);
    this.status = status;
    this.reason = reason;
    this.fields = fields;
    this.requestId = requestId;
  }
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, "PAGE", String(error instanceof Error ? error.message : error));
}

/** Builds a request; unused query parameters are left out. */
export function request<M extends Method, P extends Path<M>>(
  method: M, path: P, options: Options<paths[P][M]>,
): ApiRequest {
  const given = options as { path?: Record<string, string>; query?: Record<string, unknown>; body?: unknown; key?: string };
  let target = String(path).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(given.path?.[name] ?? ""));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given.query ?? {})) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  if (query.size) target += `?${query}`;
  return { method: method.toUpperCase(), path: target, body: given.body, key: given.key };
}

/** Calls a method of the API. Throws ApiError. */
export async function call<M extends Method, P extends Path<M>>(
  method: M, path: P, options: Options<paths[P][M]>,
): Promise<Answer<paths[P][M]>> {
  return (await send(request(method, path, options))) as Answer<paths[P][M]>;
}

// What may pass by itself: no connection, or a part of the system that is overloaded or restarts.
const TRANSIENT = new Set([0, 502, 503, 504]);
const RESEND_MILLISECONDS = 1_000;

/**
 * Sends a request with an optional file as its body; returns the JSON of the response. A request with a key is sent once
 * more after a transient error: the key makes it the same request. Throws ApiError.
 */
export async function send(wanted: ApiRequest, file?: Blob): Promise<unknown> {
  const asker = credentials.get();
  try {
    return await sendOnce(wanted, file);
  } catch (error) {
    if (!wanted.key || !TRANSIENT.has(asApiError(error).status)) throw error;
    await new Promise((resolve) => setTimeout(resolve, RESEND_MILLISECONDS));
    if (credentials.get() !== asker) throw error; // another user has signed in
    return sendOnce(wanted, file);
  }
}

async function sendOnce(wanted: ApiRequest, file?: Blob): Promise<unknown> {
  const headers: Record<string, string> = { ...headersOf(credentials.get()) };
  if (file) headers["Content-Type"] = file.type || "application/octet-stream";
  else if (wanted.body !== undefined) headers["Content-Type"] = "application/json";
  if (wanted.key) headers["Idempotency-Key"] = wanted.key;
  const body = file ?? (wanted.body === undefined ? undefined : JSON.stringify(wanted.body));
  const response = await fetched(wanted.path, { method: wanted.method, headers, body });
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}

/** Fetches a file that needs credentials. Throws ApiError. */
export async function fetchFile(path: string): Promise<Blob> {
  return (await fetched(path, { headers: headersOf(credentials.get()) })).blob();
}

/** Opens an event stream, to be read with `response.body`. Throws ApiError. */
export function openStream(path: string, lastEventId: string, signal: AbortSignal): Promise<Response> {
  const headers = headersOf(credentials.get());
  if (lastEventId) headers["Last-Event-ID"] = lastEventId;
  return fetched(path, { headers, signal });
}

async function fetched(path: string, options: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...options, cache: "no-store", credentials: "omit", redirect: "error" });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, "NETWORK", T.errors.network);
  }
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.status === 401) expire(error.message);
  throw error;
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as Schemas["ErrorResponse"];
    return new ApiError(response.status, error.reason, error.message, error.fields ?? [], error.requestId);
  } catch {
    return new ApiError(response.status, "UNREADABLE", T.errors.unreadable(response.status));
  }
}

/** A link of the API as a path at this gateway: it may stand behind another name than the one in the link. */
export function localPath(url: string): string {
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}

/** The request as a line for a shell, with a variable in place of the credentials. */
export function curlLine(wanted: ApiRequest): string {
  const header =
    credentials.get()?.kind === "key" ? "X-API-Key: $ADWRIGHT_API_KEY" : "Authorization: Bearer $ADWRIGHT_TOKEN";
  const parts = [`curl ${wanted.method === "GET" ? "" : `-X ${wanted.method} `}${quoted(location.origin + wanted.path)}`];
  parts.push(`-H "${header}"`);
  if (wanted.key) parts.push(`-H ${quoted(`Idempotency-Key: ${wanted.key}`)}`);
  if (wanted.file !== undefined) parts.push(`--data-binary ${quoted(`@${wanted.file}`)}`);
  else if (wanted.body !== undefined) parts.push('-H "Content-Type: application/json"', `-d ${quoted(JSON.stringify(wanted.body))}`);
  return parts.join(" \\\n  ");
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
