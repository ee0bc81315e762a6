// Everything that was made, and one of it in full.
import { useEffect, useState } from "preact/hooks";
import { type Asset, type Job, type Product, type Project, asApiError, call, localPath, request } from "./api.ts";
import { type Kind, announce, assetsOf, isLive, jobs, kindOf, refreshJob } from "./jobs.ts";
import { favourites, hidden } from "./marks.ts";
import { AsRequest, Check, Choice, ConfirmButton, Loading, Page, Problem, formatTime, useLoaded } from "./parts.tsx";
import { JobCard } from "./results.tsx";
import { link } from "./route.ts";
import { T } from "./texts.ts";

const PAGE = 24;
// The API filters jobs by project and kind; for one product, more pages are read until there are enough.
const MOST_PAGES = 10;
const TYPES: Record<Kind, string> = { copy: "copy", image: "static_ad", film: "video" };
// C2PA manifests stand in JUMBF boxes, whose labels every reader of the format looks for.
const PROVENANCE_MARK = "c2pa";

type Names = { projects: Project[]; products: Record<string, Product> };

/** The caller's projects, and products of the given project or of all of them. Throws ApiError. */
export async function readNames(projectId: string): Promise<Names> {
  const projects = (await call("get", "/api/projects", { query: { pageSize: 100 } })).projects as Project[];
  const wanted = projectId ? projects.filter((project) => project.id === projectId) : projects.slice(0, PAGE);
  const lists = await Promise.all(
    wanted.map(async ({ id }) => (await call("get", "/api/projects/{projectId}/products", { path: { projectId: id }, query: { pageSize: 100 } })).products as Product[]),
  );
  return { projects, products: Object.fromEntries(lists.flat().map((product) => [product.id, product])) };
}

export function Gallery() {
  const [projectId, setProject] = useState("");
  const [productId, setProduct] = useState("");
  const [kind, setKind] = useState("");
  const [marked, setMarked] = useState(false);
  const favouriteIds = favourites.use();
  const hiddenIds = hidden.use();
  const names = useLoaded(() => readNames(projectId), projectId);
  const [found, setFound] = useState<Job[]>([]);
  const [token, setToken] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(true);
  const query = (pageToken: string) => ({
    status: "completed" as const, type: TYPES[kind as Kind] as "copy" | undefined, projectId, pageSize: PAGE, pageToken,
  });
  const read = async (from: string, before: Job[]) => {
    setBusy(true);
    setError(null);
    try {
      if (marked) {
        setFound(await readFavourites(favouriteIds, { projectId, productId, kind }));
        return setToken(null);
      }
      let list = before;
      let next = from;
      for (let pages = 0; pages < MOST_PAGES; pages++) {
        const page = await call("get", "/api/generate/jobs", { query: query(next) });
        const more = (page.jobs ?? []) as Job[];
        list = [...list, ...more.filter((job) => !productId || job.productId === productId)];
        next = page.nextPageToken ?? "";
        if (!next || list.length >= before.length + PAGE / 2) break;
      }
      setFound(list);
      return setToken(next || null);
    } catch (caught) {
      return setError(caught);
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => void read("", []), [projectId, productId, kind, marked]);
  const shown = found.filter((job) => !hiddenIds.includes(job.id) && hasResult(job));
  const products = Object.values(names.value?.products ?? {}).filter((product) => !projectId || product.projectId === projectId);
  return (
    <Page title={T.gallery.title} intro={T.gallery.intro}>
      <div class="columns filters">
        <Choice label={T.gallery.project} name="project" value={projectId} set={(id) => { setProject(id); setProduct(""); }}
          options={[["", T.gallery.all], ...(names.value?.projects ?? []).map((project) => [project.id, project.name] as const)]} />
        <Choice label={T.gallery.product} name="product" value={productId} set={setProduct}
          options={[["", T.gallery.all], ...products.map((product) => [product.id, product.name] as const)]} />
        <Choice label={T.gallery.kind} name="kind" value={kind} set={setKind} options={[["", T.gallery.all], ...Object.entries(T.kinds)]} />
      </div>
      <div class="marks">
        <Check label={T.gallery.favouritesOnly} value={marked} set={setMarked} />
        {hiddenIds.length > 0 && <button type="button" class="plain small" onClick={() => hiddenIds.forEach(hidden.toggle)}>{T.gallery.showHidden(hiddenIds.length)}</button>}
      </div>
      <Problem error={error ?? names.error} />
      {!busy && !error && shown.length === 0 && <p>{T.gallery.none}</p>}
      <ul class="gallery">
        {shown.map((job) => <Thumbnail key={job.id} job={job} name={names.value?.products[job.productId]?.name ?? (names.value ? T.gallery.deletedProduct : "")} />)}
      </ul>
      {busy && <Loading />}
      {token && !busy && <div class="buttons"><button type="button" onClick={() => void read(token, found)}>{T.more}</button></div>}
      <AsRequest requests={[request("get", "/api/generate/jobs", { query: query("") })]} />
    </Page>
  );
}

/** Whether something of the job is left: its texts, or files that are not deleted. Lists have no texts. */
function hasResult(job: Job): boolean {
  return kindOf(job) === "copy" || job.assets.length > 0;
}

type Filter = { projectId: string; productId: string; kind: string };

/** The caller's favourites, as far as they exist and match. Throws ApiError when one cannot be read. */
async function readFavourites(ids: string[], { projectId, productId, kind }: Filter): Promise<Job[]> {
  const found = await Promise.all(ids.map((id) => refreshJob(id).catch((error: unknown) => {
    if (asApiError(error).status === 404) return null; // another user's of this browser, or past its retention
    throw error;
  })));
  return found.filter((job): job is Job => job !== null && (!projectId || job.projectId === projectId)
    && (!productId || job.productId === productId) && (!kind || kindOf(job) === kind));
}

function Favourite({ jobId, name }: { jobId: string; name: string }) {
  const chosen = favourites.use().includes(jobId);
  return (
    <button type="button" class="icon star" aria-pressed={chosen} aria-label={T.gallery.favourite(name)} onClick={() => favourites.toggle(jobId)}>
      <span aria-hidden="true">{chosen ? "★" : "☆"}</span>
    </button>
  );
}

function Thumbnail({ job, name }: { job: Job; name: string }) {
  const kind = kindOf(job);
  const picture = assetsOf(job, "thumbnail")[0] ?? assetsOf(job, "poster")[0] ?? assetsOf(job, "image")[0];
  return (
    <li>
      <Favourite jobId={job.id} name={`${name}, ${T.kinds[kind]}, ${formatTime(job.createdAt)}`} />
      <a href={link("gallery", job.id)}>
        <span class="thumbnail">
          {picture ? <img src={localPath(picture.url)} alt="" loading="lazy" /> : <span class="texts-thumbnail" aria-hidden="true">Aa</span>}
          {kind === "film" && <span class="play" aria-hidden="true">▶</span>}
        </span>
        <span class="thumbnail-name">{name}</span>
        <span class="quiet">{kind === "copy" ? T.gallery.texts : T.kinds[kind]} · {formatTime(job.createdAt)}</span>
      </a>
    </li>
  );
}

export function GalleryJob({ jobId }: { jobId: string }) {
  const read = useLoaded(async () => {
    const job = await refreshJob(jobId);
    const name = await call("get", "/api/products/{productId}", { path: { productId: job.productId } })
      .then((product) => product.name ?? "", () => T.gallery.deletedProduct);
    const spent = await call("get", "/api/credits/jobs/{jobId}", { path: { jobId } }).then((found) => found.captured, () => undefined);
    return { name, spent };
  }, jobId);
  const job = jobs.use()[jobId];
  return (
    <Page title={read.value?.name || T.gallery.title}>
      <p><a href={link("gallery")}>← {T.gallery.title}</a></p>
      <Problem error={read.error} />
      {!read.value && !read.error && <Loading />}
      {read.value && job && (
        <>
          <dl class="facts-list">
            <div><dt>{T.gallery.made}</dt><dd>{formatTime(job.createdAt)}</dd></div>
            {read.value.spent !== undefined && <div><dt>{T.gallery.credits}</dt><dd>{T.gallery.creditsSpent(read.value.spent)}</dd></div>}
            {assetsOf(job, "image", "video").slice(0, 1).map((asset) => <Provenance key={asset.id} asset={asset} />)}
          </dl>
          <Marks job={job} name={read.value.name} />
          {!hasResult(job) && job.status === "completed" && <p class="notice warn">{T.gallery.deleted}</p>}
          <JobCard job={job} name={read.value.name} />
          <AsRequest requests={[request("get", "/api/generate/status", { query: { jobId } })]} />
        </>
      )}
    </Page>
  );
}

/** What can be done with a result in the gallery. The API deletes files; texts it keeps, so they are only hidden here. */
function Marks({ job, name }: { job: Job; name: string }) {
  const isHidden = hidden.use().includes(job.id);
  const remove = async () => {
    for (const asset of job.assets) await call("delete", "/api/assets/{assetId}", { path: { assetId: asset.id } });
    await refreshJob(job.id);
    announce(T.gallery.deleted);
  };
  return (
    <div class="job-marks">
      <Favourite jobId={job.id} name={name} />
      {job.assets.length > 0 && !isLive(job) && <ConfirmButton label={T.delete} question={T.gallery.deleteQuestion} run={remove} />}
      {kindOf(job) === "copy" && (
        <>
          <button type="button" class="small" onClick={() => hidden.toggle(job.id)}>{isHidden ? T.gallery.unhide : T.gallery.hide}</button>
          <span class="quiet">{T.gallery.hideHint}</span>
        </>
      )}
      {job.assets.length > 0 && <AsRequest requests={job.assets.map((asset) => request("delete", "/api/assets/{assetId}", { path: { assetId: asset.id } }))} />}
    </div>
  );
}

/** Whether a file has content credentials. It does not check their signature: a verifier does that. */
function Provenance({ asset }: { asset: Asset }) {
  const file = useLoaded(async () => {
    const bytes = new Uint8Array(await (await fetch(localPath(asset.url))).arrayBuffer());
    return new TextDecoder("latin1").decode(bytes).includes(PROVENANCE_MARK);
  }, asset.id);
  const words = file.value === undefined ? T.gallery.provenanceCheck : file.value ? T.gallery.provenanceFound : T.gallery.provenanceMissing;
  return <div><dt>{T.gallery.provenance}</dt><dd>{words}</dd></div>;
}

