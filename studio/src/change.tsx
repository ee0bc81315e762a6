// One thing of a finished picture changed: the form below the picture, and the picture that a changed one was made from.
import { useState } from "preact/hooks";
import { type Asset, type Job, call, localPath } from "./api.ts";
import { type Body, announce, jobs, requestFor, submitBeside } from "./jobs.ts";
import { AsRequest, Choice, Colours, FIRST_COLOUR, Group, Problem, Text, asErrors, useLoaded } from "./parts.tsx";
import { usePrices } from "./options.tsx";
import { go, link, place } from "./route.ts";
import { RATIOS } from "./samples.tsx";
import { useDraft } from "./store.ts";
import { T } from "./texts.ts";

// The role that a text has among the picture's text areas. Colours and shape can always be changed.
const ROLES: Record<string, string> = { headline: "headline", subline: "subline", cta: "call_to_action", price: "price", badge: "badge" };
const PARTS = ["headline", "subline", "cta", "price", "badge", "palette", "aspectRatio"] as const;
type Part = (typeof PARTS)[number];
const INITIAL = { part: "", headline: "", subline: "", cta: "", price: "", badge: "", palette: [FIRST_COLOUR], aspectRatio: "" };
// The newest pictures of a project, among which the one before a change is looked for.
const SEARCHED_PAGES = 5;
const PAGE = 100;

/** What of the picture can be changed: of texts, those that it has. */
function partsOf(asset: Asset): Part[] {
  const areas = asset.facts?.textAreas?.areas;
  if (!areas) return [...PARTS];
  const roles = areas.map((area) => area.role);
  return PARTS.filter((part) => !(part in ROLES) || roles.includes(ROLES[part]));
}

/** The name of what a request changes; empty if it changes nothing of a picture. */
export function partOf(body: Body | undefined): string {
  const [part = ""] = Object.keys((body?.changes as Body | undefined) ?? {});
  return T.change.parts[part]?.toLowerCase() ?? "";
}

/** Changes one thing of a picture: what, the new value, and the price before it is spent. */
export function ChangePicture({ job, asset, name }: { job: Job; asset: Asset; name: string }) {
  const price = usePrices().static_ad_variant ?? 0;
  const [draft, change, clear] = useDraft(`change.${asset.id}`, INITIAL);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const parts = partsOf(asset);
  const part = parts.find((item) => item === draft.part) ?? parts[0]!;
  const value = part === "aspectRatio" ? draft.aspectRatio || RATIOS[0]! : draft[part];
  const wanted = { kind: "image" as const, assetId: asset.id, body: { changes: { [part]: value } } };
  const errors = asErrors(error);
  const start = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await submitBeside(job.id, name, wanted);
      clear();
      announce(T.change.begun);
      if (place.get()[1] !== "results") go("create", "results");
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const field = { label: T.change.parts[part]!, name: part, hint: T.change.hints[part], errors };
  return (
    <details class="change-picture" open={draft.part !== ""}>
      <summary>{T.change.title(price)}</summary>
      <form onSubmit={(event) => void start(event)} noValidate>
        <Problem error={error} shown={[part]} />
        <Choice label={T.change.part} name="part" value={part} set={(next) => { change({ part: next }); setError(null); }}
          options={parts.map((item) => [item, T.change.parts[item]!] as const)} />
        {part === "palette" && (
          <Group {...field}><Colours value={draft.palette} set={(palette) => change({ part, palette })} least={1} /></Group>
        )}
        {part === "aspectRatio" && (
          <Choice {...field} value={String(value)} set={(aspectRatio) => change({ part, aspectRatio })} options={RATIOS.map((ratio) => [ratio, ratio] as const)} />
        )}
        {part !== "palette" && part !== "aspectRatio" && (
          <Text {...field} value={String(value)} set={(text) => change({ part, [part]: text })} inputMode={part === "price" ? "decimal" : undefined} />
        )}
        <p class="quiet">{T.change.intro}</p>
        <div class="buttons"><button class="primary" disabled={busy || value.length === 0}>{busy ? T.options.making : T.options.make(price)}</button></div>
        <AsRequest requests={[requestFor(wanted)]} />
      </form>
    </details>
  );
}

type Found = { job: Job; asset: Asset } | null;

/** Finds a picture by its id among the jobs that are known, else among the newest of the project. Throws ApiError. */
async function findPicture(assetId: string, projectId: string): Promise<Found> {
  const among = (list: Job[]): Found => {
    for (const job of list) for (const asset of job.assets) if (asset.id === assetId) return { job, asset };
    return null;
  };
  let found = among(Object.values(jobs.get()));
  for (let page = 0, pageToken = ""; !found && page < SEARCHED_PAGES && (page === 0 || pageToken); page++) {
    const answer = await call("get", "/api/generate/jobs", { query: { type: "static_ad", projectId, pageSize: PAGE, pageToken } });
    found = among((answer.jobs ?? []) as Job[]);
    pageToken = answer.nextPageToken ?? "";
  }
  return found;
}

/** The picture that a changed one was made from. */
export function Before({ job, assetId }: { job: Job; assetId: string }) {
  const found = useLoaded(() => findPicture(assetId, job.projectId), assetId);
  if (found.error || found.value === null) return <p class="quiet">{T.change.beforeGone}</p>;
  return (
    <figure class="before">
      <p class="quiet">{T.change.before}</p>
      <div class="mockup picture">{found.value && <img src={localPath(found.value.asset.url)} alt={T.change.beforeAlternative} />}</div>
      {found.value && <figcaption><a href={link("gallery", found.value.job.id)}>{T.change.open}</a></figcaption>}
    </figure>
  );
}
