// The jobs that this page knows, kept current by the event stream of all jobs of the caller.
import { type ApiRequest, type Asset, type Credits, type Job, asApiError, call, openStream, request, send } from "./api.ts";
import { credentials } from "./session.ts";
import { onForget, randomId, store } from "./store.ts";
import { T } from "./texts.ts";

export type Kind = "copy" | "image" | "film";
export type Body = Record<string, unknown>;

/** A request for a result. `assetId`: the finished picture that it changes. */
export type Wanted = { kind: Kind; body: Body; assetId?: string };
/** One request of a run, and the job that it became. `key` makes it safe to send again after a reload. */
export type Item = Wanted & { key: string; jobId?: string };
export type Run = { id: string; at: string; productName: string; items: Item[] };

export const MAX_RUNS = 20;
const RECONNECT_MILLISECONDS = 3_000;
// Between readings of unfinished jobs, twice as long after each that found the same jobs unfinished.
const MIN_READ_MILLISECONDS = 5_000;
const MAX_READ_MILLISECONDS = 60_000;
const ENDED = new Set(["completed", "failed", "canceled", "expired"]);
export const PATHS = { copy: "/api/generate/copy", image: "/api/generate/static-ad", film: "/api/generate/video" } as const;

export const jobs = store<Record<string, Job>>({});
export const credits = store<Credits | null>(null);
export const runs = store<Run[]>([], "runs");
export const spoken = store("");
/** Whether the event stream has been open: changes since then are known. */
export const followed = store(false);
/** Why the last reading of a job failed, by job id. */
export const unread = store<Record<string, unknown>>({});
// The keys of requests whose responses did not arrive, by content: the same request again is the same job, not a new one.
const unanswered = store<Record<string, string>>({}, "unanswered");

/** Has a screen reader say a message, without moving the focus. */
export function announce(message: string): void {
  spoken.set(spoken.get() === message ? `${message}\u00a0` : message);
}

export function isLive(job: Job | undefined): boolean {
  return job !== undefined && !ENDED.has(job.status);
}

export function kindOf(job: Job): Kind {
  return job.type === "copy" ? "copy" : job.type === "video" ? "film" : "image";
}

export function assetsOf(job: Job, ...types: Asset["type"][]): Asset[] {
  return job.assets.filter((asset) => types.includes(asset.type));
}

/** Whether a response was overtaken: an ended job never runs again. */
function isOlder(job: Job, known: Job | undefined): boolean {
  return known !== undefined && isLive(job) && !isLive(known);
}

/** Reads a job again: its texts and fresh links. Throws ApiError. */
export async function refreshJob(jobId: string): Promise<Job> {
  const asker = credentials.get();
  const job = (await call("get", "/api/generate/status", { query: { jobId } })) as Job;
  if (credentials.get() === asker) {
    jobs.update((known) => (isOlder(job, known[job.id]) ? known : { ...known, [job.id]: job }));
    if (jobId in unread.get()) unread.update(({ [jobId]: _read, ...others }) => others);
  }
  return job;
}

/** Reads a job again; keeps the error, until a later reading succeeds. */
async function readJob(jobId: string): Promise<void> {
  const asker = credentials.get();
  try {
    await refreshJob(jobId);
  } catch (error) {
    if (credentials.get() === asker) unread.update((known) => ({ ...known, [jobId]: error }));
  }
}

onForget(() => {
  jobs.set({});
  credits.set(null);
  unread.set({});
  failures.clear();
  followed.set(false);
});

export async function refreshCredits(): Promise<void> {
  const asker = credentials.get();
  try {
    const found = (await call("get", "/api/credits", {})) as Credits;
    if (credentials.get() === asker) credits.set(found);
  } catch {
    // The amount stays as it was; what needs it shows its own error.
  }
}

/** The request of an item; without a key, as one that is shown before it is made. */
export function requestFor({ kind, body, assetId, key }: Wanted & { key?: string }): ApiRequest {
  if (assetId) return request("post", "/api/assets/{assetId}/variants", { path: { assetId }, body: body as never, key });
  return request("post", PATHS[kind], { body: body as never, key });
}

/**
 * Sends a run's requests that have no job yet, or only the one with the key. Returns the errors by item key; the other
 * items are being made.
 */
export async function submit(run: Run, only = ""): Promise<Record<string, unknown>> {
  runs.update((before) => {
    if (before.some((other) => other.id === run.id)) return before.map((other) => (other.id === run.id ? run : other));
    return [run, ...before].slice(0, MAX_RUNS);
  });
  const failed: Record<string, unknown> = {};
  const unsent = run.items.filter((item) => !item.jobId && (!only || item.key === only));
  await Promise.all(
    unsent.map(async (item) => {
      let jobId: string;
      try {
        jobId = ((await send(requestFor(item))) as { jobId?: string }).jobId ?? "";
      } catch (error) {
        failed[item.key] = error;
        rememberKey(item);
        return;
      }
      changeItem(run.id, item.key, { jobId });
      forgetKey(item);
      await readJob(jobId); // made and paid, even if it cannot be read yet
    }),
  );
  void refreshCredits();
  for (const item of unsent) failures.delete(item.key);
  for (const [key, error] of Object.entries(failed)) failures.set(key, error);
  return failed;
}

/** Why items of runs could not be started, until the page is loaded again. */
export const failures = new Map<string, unknown>();

/** Reads the jobs of this tab's runs, as after a reload. */
export async function refreshRuns(): Promise<void> {
  await Promise.all(idsOfRuns().map(readJob));
}

export function newRun(productName: string, items: Wanted[]): Run {
  return { id: randomId(), at: new Date().toISOString(), productName, items: items.map(newItem) };
}

function newItem(wanted: Wanted): Item {
  return { ...wanted, key: unanswered.get()[contentOf(wanted)] ?? `studio-${randomId()}` };
}

/** Sends a request for more of a job's result: it stands behind that job in its run, or in a new run. Throws ApiError. */
export async function submitBeside(jobId: string, productName: string, wanted: Wanted): Promise<void> {
  const item = newItem(wanted);
  const known = runs.get().find((run) => run.items.some((other) => other.jobId === jobId));
  const run = known
    ? { ...known, items: known.items.flatMap((other) => (other.jobId === jobId ? [other, item] : [other])) }
    : { ...newRun(productName, []), items: [item] };
  const failed = await submit(run, item.key);
  if (!(item.key in failed)) return;
  removeItems(run.id, [item.key]);
  throw failed[item.key];
}

function contentOf({ kind, body, assetId }: Wanted): string {
  return JSON.stringify([kind, body, ...(assetId ? [assetId] : [])]);
}

function rememberKey(item: Item): void {
  const others = Object.entries(unanswered.get()).slice(-MAX_RUNS);
  unanswered.set({ ...Object.fromEntries(others), [contentOf(item)]: item.key });
}

function forgetKey(item: Item): void {
  const { [contentOf(item)]: _answered, ...others } = unanswered.get();
  unanswered.set(others);
}

export function removeItems(runId: string, keys: string[]): void {
  runs.update((before) =>
    before
      .map((run) => (run.id === runId ? { ...run, items: run.items.filter((item) => !keys.includes(item.key)) } : run))
      .filter((run) => run.items.length > 0),
  );
}

function changeItem(runId: string, key: string, change: Partial<Item>): void {
  runs.update((before) =>
    before.map((run) =>
      run.id === runId ? { ...run, items: run.items.map((item) => (item.key === key ? { ...item, ...change } : item)) } : run,
    ),
  );
}

/** The request that a job was made from, if it was made in this tab. */
export function requestOf(jobId: string): Item | undefined {
  return runs.get().flatMap((run) => run.items).find((item) => item.jobId === jobId);
}

/** Follows all jobs until the signal: connects again after a break, from the last event. */
export async function follow(signal: AbortSignal): Promise<void> {
  let last = "";
  while (!signal.aborted && credentials.get()) {
    try {
      const response = await openStream("/api/generate/jobs/events", last, signal);
      followed.set(true);
      void refreshUnfinished();
      last = await read(response, last);
    } catch (error) {
      if (signal.aborted || asApiError(error).status === 401) return;
    }
    await pause(RECONNECT_MILLISECONDS, signal);
    await refreshUnfinished();
  }
}

async function read(response: Response, before: string): Promise<string> {
  let last = before;
  let text = "";
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return last;
      const blocks = (text + value).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        let data = "";
        for (const line of block.split("\n")) {
          if (line.startsWith("id: ")) last = line.slice(4);
          if (line.startsWith("data: ")) data += line.slice(6);
        }
        if (data) receive(JSON.parse(data) as Job);
      }
    }
  } catch {
    return last;
  }
}

function receive(job: Job): void {
  const before = jobs.get()[job.id];
  if (before && !isLive(before)) return; // its texts and links are newer than those of a repeated event
  jobs.update((known) => ({ ...known, [job.id]: job }));
  if (isLive(job)) return;
  void readJob(job.id);
  void refreshCredits();
  if (before) announce(T.jobs.ended(T.kinds[kindOf(job)], T.statuses[job.status]));
}

/**
 * Reads unfinished jobs again until the signal, less and less often while the same ones are unfinished: an event stream
 * that no longer says anything, or a reading that failed, leaves none in progress for ever.
 */
export async function readUnfinished(signal: AbortSignal): Promise<void> {
  let wait = MIN_READ_MILLISECONDS;
  let before = "";
  for (;;) {
    await pause(wait, signal);
    if (signal.aborted) return;
    await refreshUnfinished();
    const left = unfinished().join();
    wait = left && left === before ? Math.min(2 * wait, MAX_READ_MILLISECONDS) : MIN_READ_MILLISECONDS;
    before = left;
  }
}

/** Reads the jobs whose end the event stream may have missed: before it opened, or while it was broken. */
async function refreshUnfinished(): Promise<void> {
  await Promise.all(unfinished().slice(0, MAX_RUNS).map(readJob));
}

/** The jobs of this tab's runs and others that are in progress, or whose last reading failed. Not those that are gone. */
function unfinished(): string[] {
  const known = jobs.get();
  const failed = unread.get();
  const candidates = new Set([...idsOfRuns(), ...Object.keys(known), ...Object.keys(failed)]);
  return [...candidates].filter((id) => (id in failed ? !isGone(failed[id]) : !known[id] || isLive(known[id])));
}

/** Whether a job can never be read again: it is past its retention. */
export function isGone(error: unknown): boolean {
  return error !== undefined && asApiError(error).status === 404;
}

function idsOfRuns(): string[] {
  return runs.get().flatMap((run) => run.items).flatMap((item) => item.jobId ?? []);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
