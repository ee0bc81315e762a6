// Step "What to make": the options of each kind, the price, and the requests.
import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, type Avatar, type FieldError, type Voice, asApiError, call, request } from "./api.ts";
import { flow } from "./flow.ts";
import { type Body, type Kind, PATHS, credits, newRun, refreshCredits, removeItems, submit } from "./jobs.ts";
import { AsRequest, Cards, Check, Choice, Field, Page, PrivateImage, Problem, Text, filled, useLoaded } from "./parts.tsx";
import { go } from "./route.ts";
import { FILM_RATIOS, KindSample, RATIOS, RatioSample, StyleSample } from "./samples.tsx";
import { SetOptions } from "./sets.tsx";
import { randomId, useDraft } from "./store.ts";
import { T } from "./texts.ts";

const MAX_VARIANTS = 10;
const FORMATS = ["png", "jpeg", "webp"];

// What can be made for one product. A set of them for several products has a form of its own (sets.tsx).
const KINDS: readonly Kind[] = ["copy", "image", "film"];

const INITIAL = {
  set: false,
  kinds: ["copy", "image"] as Kind[],
  platform: "meta", format: "short", tone: "professional", customInstructions: "",
  style: "product_hero", ratios: ["1:1"], variants: 1, prompt: "", headline: "", subline: "", cta: "", badge: "", fileFormat: "png",
  filmKind: "product" as "product" | "avatar", filmRatio: "9:16", script: "", seconds: "15", voiceOver: true, captions: true, voiceId: "",
  avatarId: "", circleId: "", music: "", seed: "",
};
type Draft = typeof INITIAL;
type Prices = Record<string, number>;

// Every result shows the price of more of it: the prices are read once for all of them, and again after a minute.
const PRICES_MILLISECONDS = 60_000;
let known: { at: number; prices: Promise<Prices> } | undefined;

function readPrices(): Promise<Prices> {
  if (known && Date.now() - known.at < PRICES_MILLISECONDS) return known.prices;
  const prices = call("get", "/api/prices", {}).then(
    (answer) => Object.fromEntries((answer.prices ?? []).map((price) => [price.type, price.credits ?? 0])) as Prices,
  );
  prices.catch(() => { known = undefined; });
  known = { at: Date.now(), prices };
  return prices;
}

export function usePrices(): Prices {
  return useLoaded(readPrices, null).value ?? {};
}

/** The price of a request, by its kind and body. */
export function priceOf(kind: Kind, body: Body, prices: Prices): number {
  if (kind === "copy") return prices.copy ?? 0;
  if (kind === "image") return (prices.static_ad ?? 0) * Number(body.variants ?? 1);
  return (body.kind === "product" ? prices.video_product : prices.video) ?? 0;
}

/** The requests of the draft. Pictures of all shapes have one seed, so that they share headline, colours and fonts. */
function bodiesOf(draft: Draft, ids: { projectId: string; productId: string }): { kind: Kind; body: Body }[] {
  const found: { kind: Kind; body: Body }[] = [];
  const { platform, format, tone, customInstructions, style, prompt, headline, subline, cta, badge, fileFormat, seed } = draft;
  if (draft.kinds.includes("copy")) found.push({ kind: "copy", body: { ...ids, platform, format, tone, ...filled({ customInstructions }) } });
  if (draft.kinds.includes("image")) {
    for (const aspectRatio of draft.ratios) {
      const variants = draft.variants > 1 ? draft.variants : undefined;
      const texts = filled({ prompt, headline, subline, cta, badge, variants });
      found.push({ kind: "image", body: { ...ids, style, aspectRatio, fileFormat, seed, ...texts } });
    }
  }
  if (draft.kinds.includes("film")) {
    const { filmKind: kind, filmRatio: aspectRatio, script, voiceId, avatarId, circleId, music, voiceOver, captions } = draft;
    const product = kind === "product";
    const seconds = product && draft.seconds ? Number(draft.seconds) : undefined;
    const own = !product ? { avatarId } : { seconds, ...(voiceOver ? { avatarId: circleId } : { voiceOver }) };
    found.push({
      kind: "film",
      body: { ...ids, ...filled({ kind, aspectRatio, script, music, voiceId: product && !voiceOver ? "" : voiceId, ...own }), ...(captions ? {} : { captions }) },
    });
  }
  return found;
}

export function OptionsStep() {
  const chosen = flow.use();
  const [draft, change] = useDraft(`options.${chosen.productId}`, INITIAL);
  // Stored with the draft: after a reload, the same choices are the same request.
  useEffect(() => void (draft.seed || change({ seed: randomId() })), [draft.seed]);
  const prices = usePrices();
  const balance = credits.use();
  const [errors, setErrors] = useState<Partial<Record<Kind, ApiError>>>({});
  const [busy, setBusy] = useState(false);
  useEffect(() => void refreshCredits(), []);
  const wanted = bodiesOf(draft, { projectId: chosen.projectId, productId: chosen.productId });
  const sum = wanted.reduce((total, item) => total + priceOf(item.kind, item.body, prices), 0);
  const missing = balance ? sum - balance.available : 0;
  const toggleKind = (kind: string) => {
    if (kind === "set") return change({ set: !draft.set });
    if (draft.set) return change({ set: false, kinds: [kind as Kind] });
    const next = draft.kinds.includes(kind as Kind) ? draft.kinds.filter((other) => other !== kind) : [...draft.kinds, kind as Kind];
    return change({ kinds: next });
  };
  const kinds = (
    <Cards label={T.options.kinds} name="kinds" many chosen={draft.set ? ["set"] : draft.kinds} toggle={toggleKind}
      options={[...KINDS, "set" as const].map((kind) => ({ value: kind, title: T.options[kind].title, text: T.options[kind].text, sample: <KindSample kind={kind} /> }))} />
  );
  const make = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setErrors({});
    const run = newRun(chosen.productName, wanted);
    const failed = await submit(run);
    setBusy(false);
    if (Object.keys(failed).length < run.items.length) {
      change({ seed: "" });
      go("create", "results");
      return;
    }
    removeItems(run.id, run.items.map((item) => item.key));
    setErrors(Object.fromEntries(run.items.map((item) => [item.kind, asApiError(failed[item.key])])));
  };
  const fieldsOf = (kind: Kind) => errors[kind]?.fields ?? [];
  if (draft.set) return <Page title={T.options.title} intro={T.options.intro}><SetOptions projectId={chosen.projectId} productId={chosen.productId} kinds={kinds} /></Page>;
  return (
    <Page title={T.options.title} intro={T.options.intro}>
      <form class="make" onSubmit={(event) => void make(event)} noValidate>
        <div class="make-options">
          {kinds}
          {draft.kinds.includes("copy") && <CopyOptions {...{ draft, change }} error={errors.copy} errors={fieldsOf("copy")} />}
          {draft.kinds.includes("image") && <ImageOptions {...{ draft, change }} error={errors.image} errors={fieldsOf("image")} />}
          {draft.kinds.includes("film") && <FilmOptions {...{ draft, change }} error={errors.film} errors={fieldsOf("film")} />}
        </div>
        <aside class="summary" aria-label={T.options.price}>
          <h2>{T.options.price}</h2>
          {wanted.length === 0 ? <p>{T.options.nothing}</p> : <PriceList wanted={wanted} prices={prices} />}
          {balance && <p class="quiet">{T.credits.available(balance.available)}</p>}
          {missing > 0 && <p class="notice warn">{T.credits.short(missing)} {T.credits.howToGet}</p>}
          <button class="primary wide" disabled={busy || wanted.length === 0}>{busy ? T.options.making : T.options.make(sum)}</button>
          <p class="quiet">{T.options.unused}</p>
        </aside>
        <div class="wide-row">
          <AsRequest requests={wanted.map((item) => request("post", PATHS[item.kind], { body: item.body as never }))} />
        </div>
      </form>
    </Page>
  );
}

function PriceList({ wanted, prices }: { wanted: { kind: Kind; body: Body }[]; prices: Prices }) {
  const rows = KINDS.flatMap((kind) => {
    const items = wanted.filter((item) => item.kind === kind);
    const total = items.reduce((sum, item) => sum + priceOf(kind, item.body, prices), 0);
    return items.length ? [{ kind, total }] : [];
  });
  return (
    <dl class="prices">
      {rows.map(({ kind, total }) => (
        <div key={kind}><dt>{T.kinds[kind]}</dt><dd>{T.credits.available(total)}</dd></div>
      ))}
      <div class="sum"><dt>{T.options.price}</dt><dd>{T.options.sum(rows.reduce((sum, row) => sum + row.total, 0))}</dd></div>
    </dl>
  );
}

type OptionProps = { draft: Draft; change: (part: Partial<Draft>) => void; error: ApiError | undefined; errors: FieldError[] };
const COPY_SHOWN = ["platform", "format", "tone", "customInstructions"];
const IMAGE_SHOWN = ["style", "aspectRatio", "variants", "prompt", "headline", "subline", "cta", "badge", "fileFormat"];
const FILM_SHOWN = ["kind", "aspectRatio", "script", "seconds", "voiceId", "avatarId", "music"];

function CopyOptions({ draft, change, error, errors }: OptionProps) {
  return (
    <section class="panel" aria-labelledby="copy-options">
      <h2 id="copy-options">{T.options.copy.title}</h2>
      <Problem error={error} shown={COPY_SHOWN} />
      <div class="columns">
        <Choice label={T.options.platform} name="platform" value={draft.platform} set={(platform) => change({ platform })} options={Object.entries(T.platforms)} errors={errors} />
        <Choice label={T.options.format} name="format" value={draft.format} set={(format) => change({ format })} options={Object.entries(T.formats)} errors={errors} />
        <Choice label={T.options.tone} name="tone" value={draft.tone} set={(tone) => change({ tone })} options={Object.entries(T.tones)} errors={errors} />
      </div>
      <Text label={T.options.instructions} name="customInstructions" value={draft.customInstructions} set={(customInstructions) => change({ customInstructions })}
        lines={2} hint={T.options.instructionsHint} errors={errors} optional />
    </section>
  );
}

function ImageOptions({ draft, change, error, errors }: OptionProps) {
  const toggleRatio = (ratio: string) => {
    const next = draft.ratios.includes(ratio) ? draft.ratios.filter((other) => other !== ratio) : [...draft.ratios, ratio];
    if (next.length > 0) change({ ratios: next });
  };
  const text = (name: "prompt" | "headline" | "subline" | "cta" | "badge") => ({ name, value: draft[name], set: (value: string) => change({ [name]: value }), errors });
  return (
    <section class="panel" aria-labelledby="image-options">
      <h2 id="image-options">{T.options.image.title}</h2>
      <Problem error={error} shown={IMAGE_SHOWN} />
      <Cards label={T.options.style} name="style" chosen={[draft.style]} toggle={(style) => change({ style })} errors={errors}
        options={Object.entries(T.styles).map(([value, [title, words]]) => ({ value, title, text: words, sample: <StyleSample style={value} /> }))} />
      <Cards label={T.options.ratios} name="aspectRatio" many chosen={draft.ratios} toggle={toggleRatio} errors={errors}
        options={RATIOS.map((value) => ({ value, title: value, text: T.ratios[value], sample: <RatioSample ratio={value} /> }))} />
      <div class="columns">
        <Field label={T.options.variants} name="variants" errors={errors}>
          {(described) => (
            <input type="number" {...described} min={1} max={MAX_VARIANTS} value={draft.variants}
              onInput={(event) => change({ variants: Math.trunc(Number(event.currentTarget.value)) || 1 })} />
          )}
        </Field>
        <Choice label={T.options.fileFormat} name="fileFormat" value={draft.fileFormat} set={(fileFormat) => change({ fileFormat })}
          options={FORMATS.map((format) => [format, format.toUpperCase()] as const)} errors={errors} />
      </div>
      <Text label={T.options.prompt} {...text("prompt")} hint={T.options.promptHint} optional />
      <details open={Boolean(draft.headline || draft.subline || draft.cta || draft.badge)}>
        <summary>{T.options.ownTexts}</summary>
        <div class="columns">
          <Text label={T.options.headline} {...text("headline")} optional />
          <Text label={T.options.subline} {...text("subline")} optional />
          <Text label={T.options.cta} {...text("cta")} optional />
          <Text label={T.options.badge} {...text("badge")} optional />
        </div>
      </details>
    </section>
  );
}

function FilmOptions({ draft, change, error, errors }: OptionProps) {
  const voices = useLoaded(async () => (await call("get", "/api/voices", {})).voices as Voice[], null);
  const avatars = useLoaded(async () => (await call("get", "/api/avatars", {})).avatars as Avatar[], null);
  const product = draft.filmKind === "product";
  const ratios: readonly string[] = FILM_RATIOS[draft.filmKind];
  const setKind = (kind: string) => {
    const filmKind = kind as Draft["filmKind"];
    const fits = (FILM_RATIOS[filmKind] as readonly string[]).includes(draft.filmRatio);
    change({ filmKind, ...(fits ? {} : { filmRatio: "9:16" }) });
  };
  const spoken = !product || draft.voiceOver;
  return (
    <section class="panel" aria-labelledby="film-options">
      <h2 id="film-options">{T.options.film.title}</h2>
      <Problem error={error ?? voices.error ?? avatars.error} shown={FILM_SHOWN} />
      <Cards label={T.options.filmKind} name="kind" chosen={[draft.filmKind]} toggle={setKind} errors={errors}
        options={Object.entries(T.filmKinds).map(([value, [title, words]]) => ({ value, title, text: words }))} />
      <Cards label={T.options.filmRatio} name="aspectRatio" chosen={[draft.filmRatio]} toggle={(filmRatio) => change({ filmRatio })} errors={errors}
        options={ratios.map((value) => ({ value, title: value, text: T.ratios[value], sample: <RatioSample ratio={value} /> }))} />
      <Text label={T.options.script} name="script" value={draft.script} set={(script) => change({ script })} lines={4} errors={errors}
        hint={product ? T.options.scriptHint : T.options.scriptHintAvatar} optional={product} />
      {product && (
        <>
          <Choice label={T.options.seconds} name="seconds" value={draft.seconds} set={(seconds) => change({ seconds })} options={Object.entries(T.seconds)} errors={errors} />
          <Check label={T.options.voiceOver} value={draft.voiceOver} set={(voiceOver) => change({ voiceOver })} />
        </>
      )}
      <Check label={T.options.captions} value={draft.captions} set={(captions) => change({ captions })} />
      {spoken && voices.value && <Voices voices={voices.value} chosen={draft.voiceId} choose={(voiceId) => change({ voiceId })} errors={errors} />}
      {spoken && avatars.value && <Presenters avatars={avatars.value} circle={product} errors={errors} chosen={product ? draft.circleId : draft.avatarId}
        choose={(id) => change(product ? { circleId: id } : { avatarId: id })} />}
      <Choice label={T.options.music} name="music" value={draft.music} set={(music) => change({ music })} options={Object.entries(T.moods)} errors={errors} />
    </section>
  );
}

/** Who speaks. circle: in a circle of a product film, which only drawn presenters do, and which may have none. */
function Presenters({ avatars, circle, chosen, choose, errors }: { avatars: Avatar[]; circle: boolean; chosen: string; choose: (id: string) => void; errors: FieldError[] }) {
  return (
    <Cards label={circle ? T.options.circle : T.options.avatar} name="avatarId" chosen={[chosen]} toggle={choose} errors={errors}
      options={[
        { value: "", title: circle ? T.options.noPresenter : T.options.automatic },
        ...avatars.filter((avatar) => !circle || !avatar.uploaded).map((avatar) => ({
          value: avatar.id,
          title: avatar.name,
          sample: avatar.uploaded
            ? <PrivateImage path={avatar.previewUrl} alt="" class="face" />
            : <img class="face" src={avatar.previewUrl} alt="" loading="lazy" />,
        })),
      ]} />
  );
}

/** The voices, each with a button that plays its sample. */
function Voices({ voices, chosen, choose, errors }: { voices: Voice[]; chosen: string; choose: (id: string) => void; errors: FieldError[] }) {
  const player = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState("");
  const hear = (voice: Voice) => {
    const audio = player.current!;
    if (playing === voice.id) return audio.pause();
    audio.src = voice.sampleUrl;
    setPlaying(voice.id);
    audio.play().catch(() => setPlaying(""));
  };
  return (
    <>
      <audio ref={player} onPause={() => setPlaying("")} onEnded={() => setPlaying("")} />
      <Cards label={T.options.voice} name="voiceId" chosen={[chosen]} toggle={choose} errors={errors}
        options={[
          { value: "", title: T.options.automatic },
          ...voices.map((voice) => ({
            value: voice.id,
            title: voice.name,
            text: [voice.language?.toUpperCase(), voice.accent, voice.style].filter(Boolean).join(", "),
            beside: (
              <button type="button" class="icon hear" aria-label={playing === voice.id ? T.options.stop(voice.name) : T.options.hear(voice.name)}
                onClick={() => hear(voice)}>{playing === voice.id ? "■" : "▶"}</button>
            ),
          })),
        ]} />
    </>
  );
}
