import { useState } from "preact/hooks";
import { type Project, call, request, send } from "./api.ts";
import { chooseProject, flow } from "./flow.ts";
import { AsRequest, Colours, Field, Group, Loading, Page, PrivateImage, Problem, Text, asErrors, filled, listOf, useLoaded } from "./parts.tsx";
import { go } from "./route.ts";
import { useDraft } from "./store.ts";
import { T } from "./texts.ts";

const COMMA = /,/;
const SHOWN = ["name", "colours", "font", "toneWords", "bannedWords"];

export function ProjectStep() {
  const chosen = flow.use();
  const [editing, edit] = useState<Project | "new" | null>(null);
  const projects = useLoaded(async () => (await call("get", "/api/projects", { query: { pageSize: 100 } })).projects as Project[], null);
  const list = projects.value ?? [];
  const form = editing ?? (projects.value && list.length === 0 ? "new" : null);
  const open = (project: Project) => {
    chooseProject(project.id);
    go("create", "product");
  };
  return (
    <Page title={T.project.title} intro={T.project.intro}>
      <Problem error={projects.error} />
      {!projects.value && !projects.error && <Loading />}
      {projects.value && list.length === 0 && <p>{T.project.none}</p>}
      {list.length > 0 && (
        <ul class="tiles">
          {list.map((project) => (
            <li key={project.id} class={`tile${project.id === chosen.projectId ? " chosen" : ""}`}>
              <div class="tile-head">
                {project.hasLogo ? (
                  <PrivateImage path={`/api/projects/${project.id}/logo`} alt={T.project.logoOf(project.name)} class="logo" />
                ) : (
                  <Swatches colours={project.brand?.colours ?? []} />
                )}
              </div>
              <h2>{project.name}</h2>
              <div class="buttons">
                <button type="button" class="primary" aria-label={`${T.use}: ${project.name}`} onClick={() => open(project)}>{T.use}</button>
                <button type="button" aria-label={`${T.edit}: ${project.name}`} onClick={() => edit(project)}>{T.edit}</button>
              </div>
            </li>
          ))}
          <li class="tile add">
            <button type="button" onClick={() => edit("new")}><span aria-hidden="true">+</span> {T.project.add}</button>
          </li>
        </ul>
      )}
      {form && <ProjectForm key={form === "new" ? "new" : form.id} project={form === "new" ? null : form} saved={open} />}
    </Page>
  );
}

function Swatches({ colours }: { colours: string[] }) {
  return (
    <span class="swatches" aria-hidden="true">
      {(colours.length ? colours : ["#d4d4d8"]).map((colour) => <span key={colour} style={{ backgroundColor: colour }} />)}
    </span>
  );
}

function ProjectForm({ project, saved }: { project: Project | null; saved: (project: Project) => void }) {
  const brand = project?.brand ?? {};
  const [draft, change, clear] = useDraft(`project.${project?.id ?? "new"}`, {
    savedId: project?.id ?? "",
    name: project?.name ?? "",
    colours: brand.colours ?? [],
    font: brand.font ?? "",
    tone: (brand.toneWords ?? []).join(", "),
    banned: (brand.bannedWords ?? []).join(", "),
  });
  const [logo, setLogo] = useState<File | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const errors = asErrors(error);
  // The whole brand is replaced: what this form does not show is sent back as it was.
  const { colors: _sameColours, ...kept } = brand;
  const body = {
    name: draft.name,
    brand: {
      ...kept,
      colours: draft.colours,
      font: draft.font,
      toneWords: listOf(draft.tone, COMMA),
      bannedWords: listOf(draft.banned, COMMA),
    },
  };
  const body_ = { ...body, brand: filled(body.brand) };
  const wanted = draft.savedId
    ? request("patch", "/api/projects/{projectId}", { path: { projectId: draft.savedId }, body: body_ })
    : request("post", "/api/projects", { body: body_ });
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      let result = (await send(wanted)) as Project;
      // Saved already if the logo is refused: the next try changes this project instead of making another one.
      change({ savedId: result.id });
      if (logo) {
        const upload = request("post", "/api/projects/{projectId}/logo", { path: { projectId: result.id } } as never);
        result = (await send(upload, logo)) as Project;
      }
      clear();
      saved(result);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="panel" onSubmit={(event) => void save(event)} noValidate>
      <h2>{project ? T.project.editing(project.name) : T.project.add}</h2>
      <Problem error={error} shown={SHOWN} />
      <Text label={T.project.name} name="name" value={draft.name} set={(name) => change({ name })} errors={errors} required autoComplete="organization" />
      <Group label={T.project.colours} name="colours" hint={T.project.coloursHint} errors={errors} optional>
        <Colours value={draft.colours} set={(colours) => change({ colours })} />
      </Group>
      <div class="columns">
        <Text label={T.project.font} name="font" value={draft.font} set={(font) => change({ font })} hint={T.project.fontHint} errors={errors} optional list="fonts" />
        <Text label={T.project.tone} name="toneWords" value={draft.tone} set={(tone) => change({ tone })} hint={T.project.toneHint} errors={errors} optional />
      </div>
      <datalist id="fonts">{T.project.fonts.map((font) => <option key={font} value={font} />)}</datalist>
      <Text label={T.project.banned} name="bannedWords" value={draft.banned} set={(banned) => change({ banned })} hint={T.project.bannedHint} errors={errors} optional />
      <Field label={T.project.logo} name="logo" hint={T.project.logoHint} optional>
        {(described) => (
          <input type="file" {...described} accept="image/png,image/jpeg,image/webp,image/avif,image/heic,image/svg+xml"
            onChange={(event) => setLogo(event.currentTarget.files?.[0] ?? null)} />
        )}
      </Field>
      <div class="buttons"><button class="primary" disabled={busy}>{T.project.save}</button></div>
      <AsRequest requests={[wanted, ...(logo && draft.savedId ? [{ method: "POST", path: `/api/projects/${draft.savedId}/logo`, file: logo.name }] : [])]} />
    </form>
  );
}
