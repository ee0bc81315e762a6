import { useEffect, useState } from "preact/hooks";
import { type Product, call, request, send } from "./api.ts";
import { chooseProduct, flow } from "./flow.ts";
import { AsRequest, Choice, ConfirmButton, Loading, Page, PrivateImage, Problem, Text, asErrors, filled, listOf, useLoaded } from "./parts.tsx";
import { go } from "./route.ts";
import { useDraft } from "./store.ts";
import { T } from "./texts.ts";

const MAX_PHOTOS = 10;
const SHOWN = [
  "name", "description", "features", "price", "currency", "oldPrice", "salePrice", "pricePer", "offer", "goal", "audience", "conditions",
  "landingPage", "kind",
];

export function ProductStep() {
  const { projectId, productId } = flow.use();
  const [editing, edit] = useState<Product | "new" | null>(null);
  const products = useLoaded(
    async () => (await call("get", "/api/projects/{projectId}/products", { path: { projectId }, query: { pageSize: 100 } })).products as Product[],
    projectId,
  );
  const list = products.value ?? [];
  const form = editing ?? (products.value && list.length === 0 ? "new" : null);
  const open = (product: Product) => {
    chooseProduct(projectId, product.id, product.name);
    go("create", "understanding");
  };
  const remove = async (product: Product) => {
    await call("delete", "/api/products/{productId}", { path: { productId: product.id } });
    if (product.id === productId) chooseProduct(projectId, "", "");
    products.reload();
  };
  return (
    <Page title={T.product.title} intro={T.product.intro}>
      <Problem error={products.error} />
      {!products.value && !products.error && <Loading />}
      {products.value && list.length === 0 && <p>{T.product.none}</p>}
      {list.length > 0 && (
        <ul class="tiles">
          {list.map((product) => (
            <li key={product.id} class={`tile${product.id === productId ? " chosen" : ""}`}>
              <div class="tile-head">
                {product.images[0] ? (
                  <PrivateImage path={`/api/products/${product.id}/images/${product.images[0].id}`} alt="" class="photo" />
                ) : (
                  <span class="initial" aria-hidden="true">{product.name.slice(0, 1)}</span>
                )}
              </div>
              <h2>{product.name}</h2>
              {product.price && <p class="quiet">{product.price} {product.currency}</p>}
              <div class="buttons">
                <button type="button" class="primary" aria-label={`${T.use}: ${product.name}`} onClick={() => open(product)}>{T.use}</button>
                <button type="button" aria-label={`${T.edit}: ${product.name}`} onClick={() => edit(product)}>{T.edit}</button>
                <ConfirmButton label={T.delete} class="plain" question={T.product.deleteQuestion(product.name)} run={() => remove(product)} />
              </div>
            </li>
          ))}
          <li class="tile add">
            <button type="button" onClick={() => edit("new")}><span aria-hidden="true">+</span> {T.product.add}</button>
          </li>
        </ul>
      )}
      {form && <ProductForm key={form === "new" ? "new" : form.id} projectId={projectId} product={form === "new" ? null : form} saved={open} />}
    </Page>
  );
}

function draftOf(product: Product | null) {
  return {
    savedId: product?.id ?? "",
    name: String(product?.name ?? ""),
    description: String(product?.description ?? ""),
    features: (product?.features ?? []).join("\n"),
    price: String(product?.price ?? ""),
    currency: String(product?.currency ?? ""),
    oldPrice: String(product?.oldPrice ?? ""),
    salePrice: String(product?.salePrice ?? ""),
    pricePer: String(product?.pricePer ?? ""),
    offerText: product?.offer?.text ?? "",
    offerCode: product?.offer?.code ?? "",
    offerEnds: product?.offer?.ends ?? "",
    goal: String(product?.goal ?? ""),
    kind: String(product?.kind ?? ""),
    audience: String(product?.audience ?? ""),
    conditions: (product?.conditions ?? []).join("\n"),
    landingPage: String(product?.landingPage ?? ""),
  };
}

type Draft = ReturnType<typeof draftOf>;

/** The request that saves the draft. An update sends empty texts too, because they remove what was there. */
function savingRequest(projectId: string, draft: Draft) {
  const { savedId, features, conditions, offerText, offerCode, offerEnds, ...plain } = draft;
  const lists = { features: listOf(features), conditions: listOf(conditions) };
  const offer = filled({ text: offerText, code: offerCode, ends: offerEnds });
  if (!savedId) {
    const body = { ...filled({ ...plain, ...lists }), name: plain.name, ...(Object.keys(offer).length ? { offer } : {}) };
    return request("post", "/api/projects/{projectId}/products", { path: { projectId }, body: body as never });
  }
  const emptied = Object.entries(lists).filter(([, list]) => list.length === 0).map(([name]) => name);
  const body = { ...plain, ...lists, offer, ...(emptied.length ? { updateMask: emptied.join(",") } : {}) };
  return request("patch", "/api/products/{productId}", { path: { productId: savedId }, body: body as never });
}

function ProductForm({ projectId, product, saved }: { projectId: string; product: Product | null; saved: (product: Product) => void }) {
  const [draft, change, clear] = useDraft(`product.${projectId}.${product?.id ?? "new"}`, draftOf(product));
  const [photos, setPhotos] = useState<File[]>([]);
  const [stored, setStored] = useState(product?.images ?? []);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const errors = asErrors(error);
  const wanted = savingRequest(projectId, draft);
  const text = (name: keyof Draft) => ({ value: String(draft[name]), set: (value: string) => change({ [name]: value }), errors });
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      let result = (await send(wanted)) as Product;
      // Saved already if a photo is refused: the next try changes this product instead of making another one.
      change({ savedId: result.id });
      for (const photo of photos) {
        const upload = request("post", "/api/products/{productId}/images", { path: { productId: result.id } } as never);
        result = (await send(upload, photo)) as Product;
        setPhotos((before) => before.filter((other) => other !== photo));
        setStored(result.images);
      }
      clear();
      saved(result);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const removeStored = async (imageId: string) => {
    try {
      const path = { productId: draft.savedId, imageId };
      setStored((await call("delete", "/api/products/{productId}/images/{imageId}", { path })).images ?? []);
    } catch (caught) {
      setError(caught);
    }
  };
  const details = draft.oldPrice || draft.salePrice || draft.pricePer || draft.conditions || draft.landingPage || draft.kind || draft.audience;
  return (
    <form class="panel" onSubmit={(event) => void save(event)} noValidate>
      <h2>{product ? T.product.editing(product.name) : T.product.add}</h2>
      <Problem error={error} shown={SHOWN} />
      <Text label={T.product.name} name="name" {...text("name")} required />
      <Text label={T.product.description} name="description" {...text("description")} lines={4} hint={T.product.descriptionHint} optional />
      <Text label={T.product.features} name="features" {...text("features")} lines={3} hint={T.product.linesHint} optional />
      <Photos productId={draft.savedId} stored={stored} photos={photos} setPhotos={setPhotos} remove={(id) => void removeStored(id)} />
      <div class="columns">
        <Text label={T.product.price} name="price" {...text("price")} inputMode="decimal" optional />
        <Text label={T.product.currency} name="currency" {...text("currency")} hint={T.product.currencyHint} optional />
        <Choice label={T.product.goal} name="goal" {...text("goal")} options={Object.entries(T.goals)} />
      </div>
      <div class="columns">
        <Text label={T.product.offer} name="text" {...text("offerText")} hint={T.product.offerHint} optional />
        <Text label={T.product.offerCode} name="code" {...text("offerCode")} optional />
        <Text label={T.product.offerEnds} name="ends" type="date" {...text("offerEnds")} optional />
      </div>
      <details open={Boolean(details)}>
        <summary>{T.product.moreDetails}</summary>
        <Text label={T.product.audience} name="audience" {...text("audience")} optional />
        <div class="columns">
          <Text label={T.product.oldPrice} name="oldPrice" {...text("oldPrice")} inputMode="decimal" optional />
          <Text label={T.product.salePrice} name="salePrice" {...text("salePrice")} inputMode="decimal" optional />
          <Text label={T.product.pricePer} name="pricePer" {...text("pricePer")} hint={T.product.pricePerHint} optional />
        </div>
        <Text label={T.product.conditions} name="conditions" {...text("conditions")} lines={2} hint={T.product.conditionsHint} optional />
        <div class="columns">
          <Text label={T.product.landingPage} name="landingPage" type="url" {...text("landingPage")} placeholder="https://" optional />
          <Choice label={T.product.kind} name="kind" {...text("kind")} options={Object.entries(T.productKinds)} />
        </div>
      </details>
      <div class="buttons"><button class="primary" disabled={busy}>{T.product.save}</button></div>
      <AsRequest requests={[wanted, ...(draft.savedId ? photos.map((photo) => ({ method: "POST", path: `/api/products/${draft.savedId}/images`, file: photo.name })) : [])]} />
    </form>
  );
}

function Photos({ productId, stored, photos, setPhotos, remove }: {
  productId: string; stored: Product["images"]; photos: File[]; setPhotos: (photos: File[]) => void; remove: (imageId: string) => void;
}) {
  const [over, setOver] = useState(false);
  const room = Math.max(0, MAX_PHOTOS - stored.length);
  const add = (files: FileList | null | undefined) => setPhotos([...photos, ...Array.from(files ?? [])].slice(0, room));
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer?.files);
  };
  return (
    <div class="field">
      <div class={`drop${over ? " over" : ""}`} onDragOver={(event) => { event.preventDefault(); setOver(true); }}
        onDragLeave={() => setOver(false)} onDrop={drop}>
        <label>
          <span>{T.product.photos}<span class="optional"> {T.optional}</span></span>
          <span class="quiet">{T.product.drop}</span>
          <input type="file" multiple accept="image/*" aria-describedby="photos-hint"
            onChange={(event) => { add(event.currentTarget.files); event.currentTarget.value = ""; }} />
        </label>
        <p class="hint" id="photos-hint">{T.product.photosHint}</p>
      </div>
      {stored.length + photos.length > 0 && (
        <ul class="photos">
          {stored.map((image, index) => (
            <li key={image.id}>
              <PrivateImage path={`/api/products/${productId}/images/${image.id}`} alt={T.product.photo(index + 1)} />
              <button type="button" class="icon" aria-label={T.product.removePhoto(T.product.photo(index + 1))} onClick={() => remove(image.id ?? "")}>×</button>
            </li>
          ))}
          {photos.map((photo, index) => (
            <li key={`${photo.name}-${index}`}>
              <ChosenPhoto photo={photo} />
              <button type="button" class="icon" aria-label={T.product.removePhoto(photo.name)} onClick={() => setPhotos(photos.filter((other) => other !== photo))}>×</button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function ChosenPhoto({ photo }: { photo: File }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(photo);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [photo]);
  return url ? <img src={url} alt={photo.name} /> : null;
}
