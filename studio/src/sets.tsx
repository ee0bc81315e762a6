// A set: ads of several products, platforms and shapes from one request. Its options, and its price before it begins.
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { type ApiRequest, type Child, type Estimate, type FieldError, type Product, asApiError, call, request } from "./api.ts";
import { credits, refreshCredits } from "./jobs.ts";
import { AsRequest, Cards, Check, Choice, Field, Loading, Problem, Text, asErrors, filled, formatTime, useLoaded } from "./parts.tsx";
import { go } from "./route.ts";
import { FILM_RATIOS, RATIOS, RatioSample, StyleSample } from "./samples.tsx";
import { store, useDraft } from "./store.ts";
import { T } from "./texts.ts";

const MAX_VERSIONS = 10;
const AXES = ["angle", "layout", "palette"] as const;
const SHOWN = ["name", "productIds", "platforms", "format", "tone", "customInstructions", "style", "aspectRatios", "prompt", "variants", "variantAxis", "script", "maxCredits"];

const INITIAL = {
  name: "", products: [] as string[], all: false,
  texts: true, platforms: ["meta"], format: "short", tone: "professional", customInstructions: "",
  pictures: true, style: "product_hero", ratios: ["1:1", "9:16"], prompt: "",
  films: false, filmRatios: ["9:16"], script: "",
  variants: 1, axis: "angle", maxCredits: "",
};
type Draft = typeof INITIAL;
type Change = (part: Partial<Draft>) => void;

/** The last estimate and the request that it answers: kept over a reload, so that beginning it twice pays once. */
const estimated = store<{ asked: string; estimate: Estimate } | null>(null, "estimate");

/** The request for the price of the draft; what it does not ask for is left out. */
function estimateBody(draft: Draft, projectId: string) {
  const { platforms, format, tone, customInstructions, style, prompt, script } = draft;
  const several = draft.variants > 1 ? { variants: draft.variants, variantAxis: draft.axis } : {};
  return {
    mode: "estimate" as const, projectId, ...filled({ name: draft.name }),
    ...(draft.all ? { allProducts: true } : { productIds: draft.products }),
    ...(draft.texts ? { copy: [{ platforms, format, tone, ...filled({ customInstructions }) }] } : {}),
    ...(draft.pictures ? { images: [{ style, aspectRatios: draft.ratios, ...filled({ prompt }) }] } : {}),
    ...(draft.films ? { videos: [{ kind: "product", aspectRatios: draft.filmRatios, ...filled({ script }) }] } : {}),
    ...several,
  };
}

const estimateRequest = (body: object) => request("post", "/api/generate/campaign", { body: body as never });

function executeRequest(estimate: Estimate, maxCredits: string): ApiRequest {
  const limit = maxCredits ? { maxCredits: Number(maxCredits) } : {};
  return estimateRequest({ mode: "execute", estimateId: estimate.campaignId, ...limit });
}

export function SetOptions({ projectId, productId, kinds }: { projectId: string; productId: string; kinds: ComponentChildren }) {
  const [draft, change] = useDraft(`set.${projectId}`, { ...INITIAL, products: [productId] });
  const products = useLoaded(
    async () => (await call("get", "/api/projects/{projectId}/products", { path: { projectId }, query: { pageSize: 100 } })).products as Product[],
    projectId,
  );
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const known = estimated.use();
  const body = estimateBody(draft, projectId);
  const asked = JSON.stringify(body);
  const estimate = known?.asked === asked && Date.parse(known.estimate.expiresAt ?? "") > Date.now() ? known.estimate : null;
  const possible = (draft.all || draft.products.length > 0) && (draft.texts || draft.pictures || draft.films);
  useEffect(() => void refreshCredits(), []);
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (caught) {
      if (["ESTIMATE_EXPIRED", "ESTIMATE_NOT_FOUND"].includes(asApiError(caught).reason)) estimated.set(null);
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const price = () => attempt(async () => {
    estimated.set({ asked, estimate: (await call("post", "/api/generate/campaign", { body: body as never })) as Estimate });
  });
  // An estimate is executed once: after a lost response, the same press returns the set that has begun.
  const begin = (priced: Estimate) => attempt(async () => {
    const begun = await call("post", "/api/generate/campaign", { body: executeRequest(priced, draft.maxCredits).body as never });
    estimated.set(null);
    void refreshCredits();
    go("sets", begun.campaignId ?? "");
  });
  const send = (event: Event) => {
    event.preventDefault();
    void (estimate ? begin(estimate) : price());
  };
  return (
    <form class="make" onSubmit={send} noValidate>
      <div class="make-options">
        {kinds}
        <Problem error={error ?? products.error} shown={SHOWN} />
        <Whose {...{ draft, change }} products={products.value} errors={asErrors(error)} />
        <Contents {...{ draft, change }} errors={asErrors(error)} />
        <Versions {...{ draft, change }} errors={asErrors(error)} />
      </div>
      <Summary {...{ draft, change, estimate, busy, possible }} errors={asErrors(error)} />
      <div class="wide-row">
        {estimate && <Children list={estimate.children} />}
        <AsRequest requests={[estimateRequest(body), ...(estimate ? [executeRequest(estimate, draft.maxCredits)] : [])]} />
      </div>
    </form>
  );
}

type PartProps = { draft: Draft; change: Change; errors: FieldError[] };

/** The list with an item added or, if it is there, removed; the last one stays. */
function toggled(list: string[], item: string): string[] {
  const next = list.includes(item) ? list.filter((other) => other !== item) : [...list, item];
  return next.length ? next : list;
}

function Whose({ draft, change, products, errors }: PartProps & { products: Product[] | undefined }) {
  return (
    <section class="panel" aria-labelledby="set-products">
      <h2 id="set-products">{T.sets.products}</h2>
      <Check label={T.sets.all} value={draft.all} set={(all) => change({ all })} />
      {!products && <Loading />}
      {products && !draft.all && (
        <Cards label={T.sets.choose} name="productIds" many errors={errors} chosen={draft.products}
          toggle={(id) => change({ products: toggled(draft.products, id) })}
          options={products.map((product) => ({ value: product.id, title: product.name, text: product.price && `${product.price} ${product.currency ?? ""}` }))} />
      )}
      <Text label={T.sets.name} name="name" value={draft.name} set={(name) => change({ name })} hint={T.sets.nameHint} errors={errors} optional />
    </section>
  );
}

function Contents({ draft, change, errors }: PartProps) {
  const ratios = (list: readonly string[]) => list.map((value) => ({ value, title: value, text: T.ratios[value], sample: <RatioSample ratio={value} /> }));
  return (
    <>
      <section class="panel" aria-labelledby="set-texts">
        <h2 id="set-texts">{T.kinds.copy}</h2>
        <Check label={T.sets.withTexts} value={draft.texts} set={(texts) => change({ texts })} />
        {draft.texts && (
          <>
            <Cards label={T.sets.platforms} name="platforms" many chosen={draft.platforms} errors={errors}
              toggle={(platform) => change({ platforms: toggled(draft.platforms, platform) })}
              options={Object.entries(T.platforms).map(([value, title]) => ({ value, title }))} />
            <div class="columns">
              <Choice label={T.options.format} name="format" value={draft.format} set={(format) => change({ format })} options={Object.entries(T.formats)} errors={errors} />
              <Choice label={T.options.tone} name="tone" value={draft.tone} set={(tone) => change({ tone })} options={Object.entries(T.tones)} errors={errors} />
            </div>
            <Text label={T.options.instructions} name="customInstructions" value={draft.customInstructions} lines={2}
              set={(customInstructions) => change({ customInstructions })} hint={T.options.instructionsHint} errors={errors} optional />
          </>
        )}
      </section>
      <section class="panel" aria-labelledby="set-pictures">
        <h2 id="set-pictures">{T.kinds.image}</h2>
        <Check label={T.sets.withPictures} value={draft.pictures} set={(pictures) => change({ pictures })} />
        {draft.pictures && (
          <>
            <Cards label={T.options.style} name="style" chosen={[draft.style]} toggle={(style) => change({ style })} errors={errors}
              options={Object.entries(T.styles).map(([value, [title, words]]) => ({ value, title, text: words, sample: <StyleSample style={value} /> }))} />
            <Cards label={T.options.ratios} name="aspectRatios" many chosen={draft.ratios} toggle={(ratio) => change({ ratios: toggled(draft.ratios, ratio) })}
              options={ratios(RATIOS)} errors={errors} />
            <Text label={T.options.prompt} name="prompt" value={draft.prompt} set={(prompt) => change({ prompt })} hint={T.options.promptHint} errors={errors} optional />
          </>
        )}
      </section>
      <section class="panel" aria-labelledby="set-films">
        <h2 id="set-films">{T.sets.films}</h2>
        <Check label={T.sets.withFilms} value={draft.films} set={(films) => change({ films })} />
        {draft.films && (
          <>
            <Cards label={T.options.ratios} name="filmRatios" many chosen={draft.filmRatios} errors={[]}
              toggle={(ratio) => change({ filmRatios: toggled(draft.filmRatios, ratio) })} options={ratios(FILM_RATIOS.product)} />
            <Text label={T.options.script} name="script" value={draft.script} set={(script) => change({ script })} lines={3} hint={T.options.scriptHint} errors={errors} optional />
          </>
        )}
      </section>
    </>
  );
}

function Versions({ draft, change, errors }: PartProps) {
  return (
    <section class="panel" aria-labelledby="set-versions">
      <h2 id="set-versions">{T.sets.versions}</h2>
      <div class="columns">
        <Field label={T.sets.versionCount} name="variants" errors={errors}>
          {(described) => (
            <input type="number" {...described} min={1} max={MAX_VERSIONS} value={draft.variants}
              onInput={(event) => change({ variants: Math.trunc(Number(event.currentTarget.value)) || 1 })} />
          )}
        </Field>
        {draft.variants > 1 && (
          <Choice label={T.sets.axis} name="variantAxis" value={draft.axis} set={(axis) => change({ axis })} hint={T.sets.axisHint}
            options={AXES.map((axis) => [axis, T.sets.axes[axis]] as const)} errors={errors} />
        )}
      </div>
    </section>
  );
}

function Summary({ draft, change, errors, estimate, busy, possible }: PartProps & { estimate: Estimate | null; busy: boolean; possible: boolean }) {
  const balance = credits.use();
  const limit = Number(draft.maxCredits) || Infinity;
  const sum = Math.min(estimate?.creditsEstimated ?? 0, limit);
  const missing = estimate && balance ? sum - balance.available : 0;
  return (
    <aside class="summary" aria-label={T.options.price}>
      <h2>{T.options.price}</h2>
      {!possible && <p>{T.sets.nothing}</p>}
      {possible && !estimate && <p>{T.sets.priceFirst}</p>}
      {estimate && <Prices estimate={estimate} />}
      <Text label={T.sets.maxCredits} name="maxCredits" value={draft.maxCredits} inputMode="numeric" optional errors={errors}
        set={(text) => change({ maxCredits: text.replace(/\D/g, "") })} hint={T.sets.maxCreditsHint} />
      {balance && <p class="quiet">{T.credits.available(balance.available)}</p>}
      {missing > 0 && <p class="notice warn">{T.credits.short(missing)} {T.sets.partly} {T.credits.howToGet}</p>}
      <button class="primary wide" disabled={busy || !possible}>
        {busy ? T.sets.busy : !estimate ? T.sets.workOut : sum < estimate.creditsEstimated ? T.sets.makeAtMost(sum) : T.sets.make(sum)}
      </button>
      {estimate && <p class="quiet">{T.sets.holds(formatTime(estimate.expiresAt))}</p>}
      <p class="quiet">{T.options.unused}</p>
    </aside>
  );
}

/** How many ads of each kind there are, and what they cost. */
function Prices({ estimate }: { estimate: Estimate }) {
  const rows = new Map<string, { count: number; total: number }>();
  for (const { type, credits: price } of estimate.children) {
    const row = rows.get(type) ?? { count: 0, total: 0 };
    rows.set(type, { count: row.count + 1, total: row.total + price });
  }
  return (
    <dl class="prices">
      {[...rows].map(([type, row]) => (
        <div key={type}><dt>{row.count} × {T.sets.types[type]}</dt><dd>{T.credits.available(row.total)}</dd></div>
      ))}
      <div class="sum"><dt>{T.sets.count(estimate.childrenTotal)}</dt><dd>{T.options.sum(estimate.creditsEstimated)}</dd></div>
    </dl>
  );
}

/** What a child is, without its product. */
export function childTitle(child: Child): string {
  const parts = child.type === "copy"
    ? [T.platforms[child.platform ?? ""]]
    : [child.aspectRatio, child.style && T.styles[child.style]?.[0]];
  return [T.sets.types[child.type], ...parts, child.version !== undefined && T.sets.version(child.version)].filter(Boolean).join(" · ");
}

function Children({ list }: { list: Child[] }) {
  return (
    <details>
      <summary>{T.sets.everyPrice(list.length)}</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={T.sets.everyPrice(list.length)}>
        <table>
          <thead><tr><th scope="col">{T.gallery.product}</th><th scope="col">{T.sets.ad}</th><th scope="col" class="number">{T.account.credits}</th></tr></thead>
          <tbody>
            {list.map((child) => <tr key={child.number}><td>{child.productName}</td><td>{childTitle(child)}</td><td class="number">{child.credits}</td></tr>)}
          </tbody>
        </table>
      </div>
    </details>
  );
}
