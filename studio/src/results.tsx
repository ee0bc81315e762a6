// What became of a run: progress, then texts, pictures and films side by side, and what can be made of them next.
import { useRef, useState } from "preact/hooks";
import { type Asset, type Job, asApiError, call, localPath } from "./api.ts";
import { Before, ChangePicture, partOf } from "./change.tsx";
import limits from "../dist/limits.json";
import { saveAll, wholeText } from "./download.ts";
import { type Body, type Item, type Run, assetsOf, failures, isGone, isLive, jobs, newRun, refreshCredits, refreshJob, removeItems, requestFor, requestOf, runs, submit, unread } from "./jobs.ts";
import { AsRequest, ConfirmButton, CopyButton, Field, Page, Problem, formatTime } from "./parts.tsx";
import { priceOf, usePrices } from "./options.tsx";
import { go } from "./route.ts";
import { RATIOS } from "./samples.tsx";
import { randomId } from "./store.ts";
import { T } from "./texts.ts";

const ALTERNATIVE_TEXT = /^Alternative text(?: of picture (\d+))?: (.+)$/s;
const VIEWS = ["picture", "feed", "story", "reel"] as const;
type Limits = Record<string, Record<string, { hook: number; body: number; whole: number }> & { wide?: number }>;

export function ResultsStep() {
  const all = runs.use();
  if (all.length === 0) {
    return (
      <Page title={T.results.title} intro={T.results.none}>
        <button type="button" class="primary" onClick={() => go("create", "project")}>{T.results.start}</button>
      </Page>
    );
  }
  return (
    <Page title={T.results.title}>
      {all.map((run) => (
        <section key={run.id} class="run" aria-label={T.results.madeFor(run.productName)}>
          <div class="run-head"><h2>{T.results.madeFor(run.productName)}</h2><span class="quiet">{formatTime(run.at)}</span></div>
          <SaveAll made={run.items} name={run.productName} />
          {run.items.map((item) => <RunItem key={item.key} run={run} item={item} />)}
        </section>
      ))}
      <div class="buttons"><button type="button" onClick={() => go("create", "options")}>{T.results.new}</button></div>
    </Page>
  );
}

/** Saves everything of a run as one zip, once two jobs of it are finished. */
function SaveAll({ made, name }: { made: Item[]; name: string }) {
  const known = jobs.use();
  const finished = made.flatMap((item) => known[item.jobId ?? ""] ?? []).filter((job) => job.status === "completed");
  return finished.length < 2 ? null : <SaveButton made={finished} name={name} label={T.results.saveRun} />;
}

/** Saves the files of jobs as one zip. The jobs are read again first, for fresh links. */
export function SaveButton({ made, name, label }: { made: Job[]; name: string; label: string }) {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      await saveAll(await Promise.all(made.map((job) => refreshJob(job.id))), name);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="save-all">
      <Problem error={error} />
      <button type="button" disabled={busy} onClick={() => void save()}>{busy ? T.sets.packing : label}</button>
    </div>
  );
}

function RunItem({ run, item }: { run: Run; item: Item }) {
  const job = jobs.use()[item.jobId ?? ""];
  const [error, setError] = useState<unknown>(failures.get(item.key));
  if (job) return <JobCard job={job} name={run.productName} run={run} />;
  if (item.jobId) return <UnreadItem run={run} item={item} jobId={item.jobId} />;
  const again = async () => setError((await submit(run))[item.key]);
  return (
    <article class="panel">
      <h3>{T.kinds[item.kind]}</h3>
      <p>{T.results.notStarted}</p>
      <Problem error={error} />
      <div class="buttons">
        <button type="button" class="primary" onClick={() => void again()}>{T.results.tryAgain}</button>
        {!item.assetId && <button type="button" onClick={() => { removeItems(run.id, [item.key]); go("create", "options"); }}>{T.results.change}</button>}
        <button type="button" class="plain" onClick={() => removeItems(run.id, [item.key])}>{T.results.discard}</button>
      </div>
      <AsRequest requests={[requestFor(item)]} />
    </article>
  );
}

/** A job that has not been read. It is read again and again, unless it is gone. */
function UnreadItem({ run, item, jobId }: { run: Run; item: Item; jobId: string }) {
  const error = unread.use()[jobId];
  return (
    <article class="panel">
      <h3>{T.kinds[item.kind]}</h3>
      <UnreadNotice jobId={jobId} />
      {isGone(error)
        ? <div class="buttons"><button type="button" class="plain" onClick={() => removeItems(run.id, [item.key])}>{T.results.discard}</button></div>
        : <p class="loading" role="status">{T.loading}</p>}
    </article>
  );
}

/** Why a job could not be read last time. Unlike Problem it takes no focus: it may come and go by itself. */
function UnreadNotice({ jobId }: { jobId: string }) {
  const error = unread.use()[jobId];
  return error === undefined ? null : <div class="notice bad" role="status"><p>{asApiError(error).message}</p></div>;
}

/** A job with its progress or its results. `run`: the one whose other jobs stand around it. */
export function JobCard({ job, name, run }: { job: Job; name: string; run?: Run }) {
  const kind = job.type === "copy" ? "copy" : job.type === "video" ? "film" : "image";
  const notes = job.notes.filter((note) => !ALTERNATIVE_TEXT.test(note));
  const asked = requestOf(job.id);
  const changed = Boolean(asked?.assetId) || assetsOf(job, "image").some((asset) => asset.parentAssetId);
  const title = changed ? T.change.changed(partOf(asked?.body)) : T.kinds[kind]!;
  return (
    <article class={`panel job${kind === "image" && job.variantsTotal === undefined ? " single" : ""}`} aria-label={`${title}: ${T.statuses[job.status]}`}>
      <div class="job-head">
        <h3>{title}</h3>
        <span class={`badge ${job.status}`}>{T.statuses[job.status]}</span>
      </div>
      {isLive(job) && <Progress job={job} />}
      {job.error && <div class="notice bad"><p>{job.error.message}</p></div>}
      <UnreadNotice jobId={job.id} />
      {(job.variants?.length ?? 0) > 0 && <Texts job={job} />}
      {assetsOf(job, "image").length > 0 && <Pictures job={job} name={name} run={run} />}
      {assetsOf(job, "video").map((film) => <Film key={film.id} job={job} film={film} />)}
      {hasSeveralFiles(job) && <SaveButton made={[job]} name={name} label={T.results.downloadAll} />}
      {notes.length > 0 && (
        <details>
          <summary>{T.results.notes}</summary>
          <ul class="notes">{notes.map((note) => <li key={note}>{note}</li>)}</ul>
        </details>
      )}
      {!isLive(job) && <Again job={job} name={name} />}
    </article>
  );
}

/** Whether "Download all" saves a click: several pictures, or files beside a film; texts have no other download. */
function hasSeveralFiles(job: Job): boolean {
  return (job.variants?.length ?? 0) > 0 || assetsOf(job, "image", "video", "captions_srt").length > 1;
}

export function Progress({ job }: { job: Job }) {
  const [error, setError] = useState<unknown>(null);
  const kind = T.kinds[job.type === "copy" ? "copy" : job.type === "video" ? "film" : "image"] ?? "";
  const processing = job.status === "processing";
  const words = processing
    ? T.results.percent(job.progress ?? 0)
    : job.queuePosition === undefined ? (T.statuses[job.status] ?? "") : T.results.queue(job.queuePosition);
  const cancel = async () => {
    try {
      await call("post", "/api/generate/cancel", { body: { jobId: job.id } as never });
    } catch (caught) {
      if (asApiError(caught).reason !== "JOB_ENDED") throw caught;
    }
    setError(null);
    await refreshJob(job.id);
    void refreshCredits();
  };
  return (
    <div class="progress">
      <Problem error={error} />
      <progress aria-label={T.results.progress(kind)} {...(processing ? { value: job.progress ?? 0, max: 100 } : {})} />
      <span>
        {words}
        {job.variantsTotal !== undefined && ` · ${T.results.pictures(job.variantsDone ?? 0, job.variantsTotal)}`}
      </span>
      <ConfirmButton label={T.results.cancel} question={T.results.cancelQuestion} run={cancel} />
    </div>
  );
}

/** The texts with their lengths. What the platform takes is known if the texts were asked for in this tab. */
function Texts({ job }: { job: Job }) {
  const asked = requestOf(job.id)?.body;
  const platform = (limits as unknown as Limits)[String(asked?.platform ?? "")];
  const limit = platform?.[String(asked?.format ?? "")];
  const wide = Boolean(platform?.wide);
  return (
    <ul class="variants">
      {(job.variants ?? []).map((variant, index) => (
        <li key={index}>
          <h4>{T.results.variant(index + 1)}</h4>
          <p class="hook">{variant.hook}</p>
          <Count text={variant.hook ?? ""} limit={limit?.hook} wide={wide} />
          <p class="text-body">{variant.body}</p>
          <Count text={variant.body ?? ""} limit={limit?.body} wide={wide} />
          <p><span class="cta">{variant.cta}</span></p>
          {(variant.hashtags?.length ?? 0) > 0 && <p class="quiet">{variant.hashtags!.join(" ")}</p>}
          <CopyButton text={wholeText(variant)} label={T.results.copyAll} />
        </li>
      ))}
    </ul>
  );
}

const WIDE_LETTER = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

function Count({ text, limit, wide }: { text: string; limit: number | undefined; wide: boolean }) {
  const letters = [...text];
  const length = letters.length + (wide ? letters.filter((letter) => WIDE_LETTER.test(letter)).length : 0);
  if (limit === undefined) return <p class="count">{length}</p>;
  return <p class={`count${length > limit ? " over" : ""}`}>{T.results.count(length, limit)}</p>;
}

/** The alternative text of a picture, from the job's notes. */
export function alternativeText(job: Job, variant: number | undefined, name: string): string {
  for (const note of job.notes) {
    const found = ALTERNATIVE_TEXT.exec(note);
    if (found && Number(found[1] ?? 1) === (variant ?? 1)) return found[2]!;
  }
  return name;
}

function Pictures({ job, name, run }: { job: Job; name: string; run: Run | undefined }) {
  const known = jobs.use();
  const near = (run?.items ?? []).flatMap((item) => known[item.jobId ?? ""]?.assets ?? []).map((asset) => asset.id);
  return (
    <ul class="pictures">
      {assetsOf(job, "image").map((asset) => (
        <>
          {asset.parentAssetId && !near.includes(asset.parentAssetId) && (
            <li key={asset.parentAssetId}><Before job={job} assetId={asset.parentAssetId} /></li>
          )}
          <li key={asset.id}><Picture job={job} asset={asset} alt={alternativeText(job, asset.variant, name)} name={name} /></li>
        </>
      ))}
    </ul>
  );
}

function Picture({ job, asset, alt, name }: { job: Job; asset: Asset; alt: string; name: string }) {
  const [view, setView] = useState<(typeof VIEWS)[number]>("picture");
  const dialog = useRef<HTMLDialogElement>(null);
  const source = localPath(asset.url);
  const picture = <img src={source} alt={alt} />;
  return (
    <figure>
      <div class="views" role="group" aria-label={T.results.view}>
        {VIEWS.map((item) => (
          <button key={item} type="button" class="small" aria-pressed={view === item} onClick={() => setView(item)}>{T.results.views[item]}</button>
        ))}
      </div>
      <Mockup view={view} name={name}>{picture}</Mockup>
      <figcaption class="quiet">{T.results.alternative}: {alt}</figcaption>
      <div class="buttons">
        <button type="button" class="small" onClick={() => dialog.current?.showModal()}>{T.results.trueSize}</button>
        <a class="button small primary" href={source} download>{T.results.download}</a>
      </div>
      <dialog ref={dialog} class="true-size" aria-label={T.results.trueSize}>
        <button type="button" class="close" onClick={() => dialog.current?.close()}>{T.results.close}</button>
        <div tabIndex={0} role="group" aria-label={T.results.trueSize}>{picture}</div>
      </dialog>
      {!isLive(job) && <ChangePicture job={job} asset={asset} name={name} />}
    </figure>
  );
}

/** A picture as it may stand in a feed, a story or a reel of any platform; drawn here, after no platform's own design. */
function Mockup({ view, name, children }: { view: (typeof VIEWS)[number]; name: string; children: preact.ComponentChildren }) {
  if (view === "picture") return <div class="mockup picture">{children}</div>;
  const head = (
    <div class="mockup-head"><span class="dot" aria-hidden="true">{name.slice(0, 1)}</span><span><strong>{name}</strong><br />{T.results.sponsored}</span></div>
  );
  if (view === "feed") {
    return (
      <div class="mockup feed">
        {head}
        {children}
        <p>{T.results.yourText}</p>
      </div>
    );
  }
  return (
    <div class={`mockup tall ${view}`}>
      {children}
      {view === "story" && <span class="bars" aria-hidden="true"><i /><i /><i /></span>}
      {view === "reel" && <span class="rail" aria-hidden="true"><i /><i /><i /></span>}
      {head}
    </div>
  );
}

function Film({ job, film }: { job: Job; film: Asset }) {
  const poster = assetsOf(job, "poster")[0];
  const vtt = assetsOf(job, "captions_vtt")[0];
  const files: [string, Asset | undefined][] = [["VTT", vtt], ["SRT", assetsOf(job, "captions_srt")[0]]];
  return (
    <figure class="film">
      <video controls playsInline preload="metadata" aria-label={T.results.video} src={localPath(film.url)} poster={poster && localPath(poster.url)}>
        {vtt && <track kind="captions" label={T.results.caption} src={localPath(vtt.url)} />}
      </video>
      <div class="buttons">
        <a class="button small primary" href={localPath(film.url)} download>{T.results.download}</a>
        {files.map(([format, asset]) => asset && <a key={format} class="button small" href={localPath(asset.url)} download>{T.results.captionsFile(format)}</a>)}
      </div>
    </figure>
  );
}

type Change = { field: string; label: string; options?: [string, string][] };

// What a new job can do differently. A finished picture has changes of its own (change.tsx).
const CHANGES: Record<Item["kind"], Change[]> = {
  copy: [
    { field: "tone", label: T.options.tone, options: Object.entries(T.tones) },
    { field: "platform", label: T.options.platform, options: Object.entries(T.platforms) },
    { field: "format", label: T.options.format, options: Object.entries(T.formats) },
    { field: "customInstructions", label: T.options.instructions },
  ],
  image: [
    { field: "style", label: T.options.style, options: Object.entries(T.styles).map(([value, [title]]) => [value, title]) },
    { field: "prompt", label: T.options.prompt },
  ],
  film: [
    { field: "music", label: T.options.music, options: Object.entries(T.moods).filter(([mood]) => mood) },
    { field: "script", label: T.options.script },
    { field: "aspectRatio", label: T.options.filmRatio, options: ["9:16", "1:1", "16:9"].map((ratio) => [ratio, ratio]) },
  ],
};

/** Makes more of a result: another idea, the other shapes, or one thing changed. Needs the request, which this tab keeps. */
function Again({ job, name }: { job: Job; name: string }) {
  const prices = usePrices();
  const [error, setError] = useState<unknown>(null);
  const asked = requestOf(job.id);
  const [field, setField] = useState(0);
  const [value, setValue] = useState("");
  if (!asked || asked.assetId) return null;
  const { idempotencyKey: _used, ...body } = asked.body;
  const start = async (bodies: Body[]) => {
    setError(null);
    const run = newRun(name, bodies.map((item) => ({ kind: asked.kind, body: item })));
    const failed = await submit(run);
    const first = Object.values(failed)[0];
    if (Object.keys(failed).length < run.items.length) return go("create", "results");
    removeItems(run.id, run.items.map((item) => item.key));
    setError(first);
  };
  const price = priceOf(asked.kind, body, prices);
  const others = RATIOS.filter((ratio) => ratio !== body.aspectRatio);
  const changes = CHANGES[asked.kind];
  const change = changes[field]!;
  const chosen = change.options && !change.options.some(([option]) => option === value) ? change.options[0]![0] : value;
  const changed = { ...body, [change.field]: chosen };
  return (
    <details class="again">
      <summary>{T.results.againHint(price)}</summary>
      <Problem error={error} />
      <div class="buttons">
        <button type="button" onClick={() => void start([asked.kind === "image" ? { ...body, seed: randomId() } : body])}>{T.results.again}</button>
        {asked.kind === "image" && (
          <button type="button" onClick={() => void start(others.map((aspectRatio) => ({ ...body, aspectRatio })))}>
            {T.results.otherRatios} ({T.options.each(others.length, price)})
          </button>
        )}
      </div>
      <div class="columns change-one">
        <Field label={asked.kind === "image" ? T.results.changeLook : T.results.changeOne} name="change" hint={T.results.changeOneHint}>
          {(described) => (
            <select {...described} value={field} onChange={(event) => { setField(Number(event.currentTarget.value)); setValue(""); }}>
              {changes.map((item, index) => <option key={item.field} value={index}>{item.label}</option>)}
            </select>
          )}
        </Field>
        <Field label={T.results.newValue} name="value">
          {(described) => change.options ? (
            <select {...described} value={chosen} onChange={(event) => setValue(event.currentTarget.value)}>
              {change.options.map(([option, label]) => <option key={option} value={option}>{label}</option>)}
            </select>
          ) : (
            <input type="text" {...described} value={value} onInput={(event) => setValue(event.currentTarget.value)} />
          )}
        </Field>
        <button type="button" disabled={!chosen} onClick={() => void start([changed])}>{T.options.make(price)}</button>
      </div>
      <AsRequest requests={[requestFor({ kind: asked.kind, body: changed })]} />
    </details>
  );
}
