// The caller's sets: how far each is, what it has made, its end, and its pack.
import { useEffect, useState } from "preact/hooks";
import { type Campaign, type Child, asApiError, call, fetchFile, localPath, request } from "./api.ts";
import { fileName, saveFile } from "./download.ts";
import { announce, refreshCredits } from "./jobs.ts";
import { AsRequest, ConfirmButton, Loading, Page, Problem, formatTime, useLoaded } from "./parts.tsx";
import { link } from "./route.ts";
import { childTitle } from "./sets.tsx";
import { T } from "./texts.ts";

const POLL_MILLISECONDS = 2_000;
const PAGE = 100;
const LIVE = new Set(["admitting", "running"]);

const nameOf = (set: Campaign) => set.name || T.sets.unnamed(formatTime(set.createdAt));

export function SetList() {
  const [found, setFound] = useState<Campaign[]>([]);
  const [token, setToken] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(true);
  const read = async (pageToken: string) => {
    setBusy(true);
    try {
      const page = await call("get", "/api/campaigns", { query: { pageToken } });
      setFound((before) => [...(pageToken ? before : []), ...((page.campaigns ?? []) as Campaign[])]);
      setToken(page.nextPageToken || null);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => void read(""), []);
  return (
    <Page title={T.sets.title} intro={T.sets.intro}>
      <Problem error={error} />
      {!busy && !error && found.length === 0 && <p>{T.sets.none}</p>}
      <ul class="rows" aria-label={T.sets.title}>
        {found.map((set) => (
          <li key={set.id}>
            <div class="row-head">
              <a href={link("sets", set.id)}>{nameOf(set)}</a>
              <span class={`badge ${set.status}`}>{T.sets.statuses[set.status]}</span>
              <span class="quiet">{T.sets.done(set.counts.completed, set.counts.total)} · {formatTime(set.createdAt)}</span>
            </div>
          </li>
        ))}
      </ul>
      {busy && <Loading />}
      {token && !busy && <div class="buttons"><button type="button" onClick={() => void read(token)}>{T.more}</button></div>}
      <AsRequest requests={[request("get", "/api/campaigns", {})]} />
    </Page>
  );
}

/** Reads a set with its first pages of children. Throws ApiError. */
async function readSet(campaignId: string, pages: number): Promise<Campaign> {
  let set = null as Campaign | null;
  let pageToken = "";
  for (let page = 0; page < pages; page++) {
    const next = (await call("get", "/api/campaigns/{campaignId}", { path: { campaignId }, query: { pageSize: PAGE, pageToken } })) as Campaign;
    set = { ...next, children: [...(set?.children ?? []), ...(next.children ?? [])] };
    pageToken = next.nextPageToken ?? "";
    if (!pageToken) break;
  }
  return set!;
}

export function SetView({ campaignId }: { campaignId: string }) {
  const [pages, setPages] = useState(1);
  const read = useLoaded(() => readSet(campaignId, pages), pages);
  const [lost, setLost] = useState<unknown>(null);
  const set = read.value;
  useEffect(() => {
    if (!set || !LIVE.has(set.status)) return undefined;
    // Progress is polled; when a poll fails, the next one follows all the same.
    const timer = setInterval(() => void readSet(campaignId, pages).then((next) => {
      setLost(null);
      read.set(next);
      if (LIVE.has(next.status)) return;
      announce(`${nameOf(next)}: ${T.sets.statuses[next.status]}`);
      void refreshCredits();
    }, setLost), POLL_MILLISECONDS);
    return () => clearInterval(timer);
  }, [set?.status, pages]);
  const cancel = async () => {
    try {
      await call("post", "/api/campaigns/{campaignId}/cancel", { path: { campaignId }, body: {} as never });
    } catch (caught) {
      if (asApiError(caught).reason !== "CAMPAIGN_ENDED") throw caught;
    }
    read.set(await readSet(campaignId, pages));
    void refreshCredits();
  };
  return (
    <Page title={set ? nameOf(set) : T.sets.title}>
      <p><a href={link("sets")}>← {T.sets.title}</a></p>
      <Problem error={read.error ?? lost} />
      {!set && !read.error && <Loading />}
      {set && (
        <>
          <Overview set={set} cancel={cancel} />
          <ul class="set-children" aria-label={T.sets.ads}>
            {set.children.map((child) => <ChildCard key={child.number} child={child} />)}
          </ul>
          {set.nextPageToken && <div class="buttons"><button type="button" onClick={() => setPages(pages + 1)}>{T.more}</button></div>}
          <AsRequest requests={[
            request("get", "/api/campaigns/{campaignId}", { path: { campaignId } }),
            request("get", "/api/campaigns/{campaignId}/pack", { path: { campaignId } } as never),
          ]} />
        </>
      )}
    </Page>
  );
}

function Overview({ set, cancel }: { set: Campaign; cancel: () => Promise<void> }) {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { counts } = set;
  const ended = counts.completed + counts.failed + counts.canceled + counts.skipped;
  const live = LIVE.has(set.status);
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      saveFile(await fetchFile(`/api/campaigns/${encodeURIComponent(set.id)}/pack`), `${fileName(nameOf(set))}.zip`);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const others = (["failed", "canceled", "skipped"] as const).filter((state) => counts[state] > 0);
  return (
    <section class="panel" aria-label={T.sets.overview}>
      <div class="job-head">
        <h2>{T.sets.done(counts.completed, counts.total)}</h2>
        <span class={`badge ${set.status}`}>{T.sets.statuses[set.status]}</span>
      </div>
      {live && <div class="progress"><progress aria-label={T.sets.progress} value={ended} max={counts.total} /><span>{T.sets.running(counts.running, counts.waiting)}</span></div>}
      {others.length > 0 && <p>{others.map((state) => `${counts[state]} ${T.sets.childStatuses[state]}`).join(", ")}</p>}
      {set.status === "capped" && <p class="notice warn">{T.sets.capped}</p>}
      <dl class="facts-list">
        <div><dt>{T.sets.estimated}</dt><dd>{T.credits.available(set.creditsEstimated)}</dd></div>
        {set.maxCredits !== undefined && <div><dt>{T.sets.maxCredits}</dt><dd>{T.credits.available(set.maxCredits)}</dd></div>}
        {live && <div><dt>{T.account.heldLabel}</dt><dd>{T.credits.available(set.creditsHeld)}</dd></div>}
        <div><dt>{T.sets.spent}</dt><dd>{T.credits.available(set.creditsSpent)}</dd></div>
      </dl>
      <Problem error={error} />
      <div class="buttons">
        {counts.completed > 0 && (
          <button type="button" class="primary" disabled={busy} onClick={() => void save()}>
            {busy ? T.sets.packing : live ? T.sets.packSoFar : T.sets.pack}
          </button>
        )}
        {live && <ConfirmButton label={T.sets.cancel} question={T.sets.cancelQuestion} run={cancel} />}
      </div>
    </section>
  );
}

function ChildCard({ child }: { child: Child }) {
  const assets = child.assets ?? [];
  const picture = ["thumbnail", "poster", "image"].flatMap((type) => assets.filter((asset) => asset.type === type))[0];
  const title = (
    <>
      <span class="thumbnail">
        {picture ? <img src={localPath(picture.url)} alt="" loading="lazy" /> : <span class="texts-thumbnail" aria-hidden="true">{child.type === "copy" ? "Aa" : "…"}</span>}
        {child.type === "video" && picture && <span class="play" aria-hidden="true">▶</span>}
      </span>
      <span class="thumbnail-name">{child.productName}</span>
      <span class="quiet">{childTitle(child)}</span>
    </>
  );
  return (
    <li>
      {child.jobId ? <a href={link("gallery", child.jobId)}>{title}</a> : <div>{title}</div>}
      <span class={`badge ${child.status}`}>{T.sets.childStatuses[child.status]}</span>
      {child.variants?.[0]?.hook && <p>{child.variants[0].hook}</p>}
      {child.error && <p class="quiet">{child.error.message}</p>}
    </li>
  );
}
