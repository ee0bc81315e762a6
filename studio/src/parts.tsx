// Building blocks: fields with their errors, notices, dialogs, pictures that need credentials, "As a request".
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { type ApiRequest, type ApiError, type FieldError, asApiError, curlLine, fetchFile } from "./api.ts";
import { announce } from "./jobs.ts";
import { link } from "./route.ts";
import { T } from "./texts.ts";

const MAX_COLOURS = 5;
export const FIRST_COLOUR = "#1d4ed8";

type Children = { children?: ComponentChildren };

/** The messages of the fields of a form: those named `name`, or below it such as "brand.colours[0]". */
export function messagesOf(errors: FieldError[], name: string): string[] {
  return errors
    .filter(({ field }) => {
      const plain = field.replace(/\[\d+\]/g, "");
      return plain === name || plain.startsWith(`${name}.`) || plain.endsWith(`.${name}`);
    })
    .map(({ message }) => message);
}

type FieldProps = { label: string; name: string; hint?: string; errors?: FieldError[]; optional?: boolean };
type Described = { id: string; "aria-describedby"?: string; "aria-invalid"?: "true" };

/** A labelled control with its hint and its errors. */
export function Field({
  label, name, hint, errors = [], optional, children,
}: FieldProps & { children: (described: Described) => ComponentChildren }) {
  const id = useId();
  const messages = messagesOf(errors, name);
  const describedBy = [hint && `${id}-hint`, messages.length > 0 && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class={`field${messages.length ? " wrong" : ""}`}>
      <label for={id}>
        {label}
        {optional && <span class="optional"> {T.optional}</span>}
      </label>
      {children({
        id,
        ...(describedBy ? { "aria-describedby": describedBy } : {}),
        ...(messages.length ? { "aria-invalid": "true" as const } : {}),
      })}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {messages.length > 0 && <p class="error" id={`${id}-error`}>{messages.join(" ")}</p>}
    </div>
  );
}

/** Several controls under one legend, with their hint and errors. */
export function Group({ label, name, hint, errors = [], optional, children }: FieldProps & Children) {
  const id = useId();
  const messages = messagesOf(errors, name);
  const describedBy = [hint && `${id}-hint`, messages.length > 0 && `${id}-error`].filter(Boolean).join(" ");
  return (
    <fieldset class={`field${messages.length ? " wrong" : ""}`} aria-describedby={describedBy || undefined}>
      <legend>{label}{optional && <span class="optional"> {T.optional}</span>}</legend>
      {children}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {messages.length > 0 && <p class="error" id={`${id}-error`}>{messages.join(" ")}</p>}
    </fieldset>
  );
}

type TextProps = FieldProps & {
  value: string;
  set: (value: string) => void;
  lines?: number;
  type?: "text" | "url" | "date";
  inputMode?: "decimal" | "numeric";
  required?: boolean;
  list?: string;
  placeholder?: string;
  autoComplete?: string;
};

export function Text({ value, set, lines, label, name, hint, errors, optional, ...more }: TextProps) {
  return (
    <Field {...{ label, name, hint, errors, optional }}>
      {(described) =>
        lines ? (
          <textarea {...described} name={name} rows={lines} value={value} required={more.required}
            placeholder={more.placeholder} onInput={(event) => set(event.currentTarget.value)} />
        ) : (
          <input type="text" {...(more as object)} {...described} name={name} value={value} onInput={(event) => set(event.currentTarget.value)} />
        )
      }
    </Field>
  );
}

export function Choice({
  value, set, options, ...field
}: FieldProps & { value: string; set: (value: string) => void; options: readonly (readonly [string, string])[] }) {
  return (
    <Field {...field}>
      {(described) => (
        <select {...described} name={field.name} value={value} onChange={(event) => set(event.currentTarget.value)}>
          {options.map(([option, label]) => <option key={option} value={option}>{label}</option>)}
        </select>
      )}
    </Field>
  );
}

/** Several cards of which one, or with `many` any number, is chosen. */
export function Cards({
  label, name, chosen, toggle, many, options, errors = [],
}: {
  label: string; name: string; chosen: string[]; toggle: (value: string) => void; many?: boolean; errors?: FieldError[];
  options: { value: string; title: ComponentChildren; text?: ComponentChildren; sample?: ComponentChildren; beside?: ComponentChildren }[];
}) {
  const id = useId();
  const messages = messagesOf(errors, name);
  return (
    <fieldset class={`cards${messages.length ? " wrong" : ""}`} aria-describedby={messages.length ? `${id}-error` : undefined}>
      <legend>{label}</legend>
      <div class="cards-row">
        {options.map((option) => (
          <div class="card-choice" key={option.value}>
            <label>
              <input type={many ? "checkbox" : "radio"} name={`${id}-${name}`} value={option.value}
                checked={chosen.includes(option.value)} onChange={() => toggle(option.value)} />
              {option.sample}
              <span class="card-title">{option.title}</span>
              {option.text && <span class="card-text">{option.text}</span>}
            </label>
            {option.beside}
          </div>
        ))}
      </div>
      {messages.length > 0 && <p class="error" id={`${id}-error`}>{messages.join(" ")}</p>}
    </fieldset>
  );
}

export function Check({ label, value, set }: { label: string; value: boolean; set: (value: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={value} onChange={(event) => set(event.currentTarget.checked)} /> {label}
    </label>
  );
}

/** Up to five colours, to be put under a legend. */
export function Colours({ value, set, least = 0 }: { value: string[]; set: (colours: string[]) => void; least?: number }) {
  return (
    <div class="colours">
      {value.map((colour, index) => (
        <span class="colour" key={index}>
          <input type="color" aria-label={T.project.colour(index + 1)} value={colour}
            onInput={(event) => set(value.map((before, at) => (at === index ? event.currentTarget.value : before)))} />
          {value.length > least && (
            <button type="button" class="icon" aria-label={T.project.removeColour(colour)}
              onClick={() => set(value.filter((_, at) => at !== index))}>×</button>
          )}
        </span>
      ))}
      {value.length < MAX_COLOURS && (
        <button type="button" class="small" onClick={() => set([...value, FIRST_COLOUR])}>{T.project.addColour}</button>
      )}
    </div>
  );
}

/** An error in the API's words. A 402 says how to get credits; fields that no control shows are listed. */
export function Problem({ error, shown = [] }: { error: unknown; shown?: string[] }) {
  const found = error ? asApiError(error) : null;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!found || !box.current) return;
    const wrong = box.current.closest("form, section")?.querySelector<HTMLElement>("[aria-invalid=true]");
    (wrong ?? box.current).focus();
  }, [error]);
  if (!found) return null;
  const others = found.status === 402 ? [] : found.fields.filter((item) => !shown.some((name) => messagesOf([item], name).length));
  return (
    <div class="notice bad" role="alert" tabIndex={-1} ref={box}>
      <p>{found.message}</p>
      {others.length > 0 && (
        <ul>{others.map((item) => <li key={item.field}><code>{item.field}</code>: {item.message}</li>)}</ul>
      )}
      {found.status === 402 && <p>{T.credits.howToGet} <a href={link("account")}>{T.credits.toAccount}</a></p>}
      {found.requestId && <p class="quiet">{T.errors.requestId(found.requestId)}</p>}
    </div>
  );
}

/** Loads a value when it is first shown and when `dependency` changes. */
export function useLoaded<Value>(load: () => Promise<Value>, dependency: unknown): {
  value: Value | undefined; error: ApiError | undefined; reload: () => void; set: (value: Value) => void;
} {
  const [state, setState] = useState<{ value?: Value; error?: ApiError }>({});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    setState((before) => (turn ? before : {}));
    load().then(
      (value) => current && setState({ value }),
      (error: unknown) => current && setState({ error: asApiError(error) }),
    );
    return () => void (current = false);
  }, [dependency, turn]);
  return { value: state.value, error: state.error, reload: () => setTurn((before) => before + 1), set: (value) => setState({ value }) };
}

export function Loading() {
  return <p class="loading" role="status">{T.loading}</p>;
}

/** A picture of the API that needs credentials. */
export function PrivateImage({ path, alt, class: name }: { path: string; alt: string; class?: string }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    let current = "";
    let gone = false;
    fetchFile(path).then(
      (file) => {
        if (gone) return;
        current = URL.createObjectURL(file);
        setUrl(current);
      },
      () => undefined,
    );
    return () => {
      gone = true;
      if (current) URL.revokeObjectURL(current);
    };
  }, [path]);
  return url ? <img src={url} alt={alt} class={name} /> : <span class={`${name ?? ""} placeholder`} />;
}

export function CopyButton({ text, label = T.copyText }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await writeClipboard(text);
    setDone(true);
    announce(T.copied);
    setTimeout(() => setDone(false), 2_000);
  };
  return <button type="button" class="small" onClick={() => void copy()}>{done ? T.copied : label}</button>;
}

async function writeClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages that came by http from another machine have no clipboard.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** What a button of this page sends, for developers: lines for a shell without the token, and the JSON. */
export function AsRequest({ requests }: { requests: ApiRequest[] }) {
  if (requests.length === 0) return null;
  const lines = requests.map(curlLine).join("\n\n");
  const bodies = requests.filter((item) => item.body !== undefined).map((item) => JSON.stringify(item.body, null, 2));
  return (
    <details class="as-request">
      <summary>{T.asRequest.title}</summary>
      <div class="code-head"><span>curl</span><CopyButton text={lines} /></div>
      <pre tabIndex={0} aria-label="curl"><code>{lines}</code></pre>
      {bodies.length > 0 && (
        <>
          <div class="code-head"><span>JSON</span><CopyButton text={bodies.join("\n")} /></div>
          <pre tabIndex={0} aria-label="JSON"><code>{bodies.join("\n")}</code></pre>
        </>
      )}
      <p class="quiet">{T.asRequest.token}</p>
    </details>
  );
}

/** Asks before something is deleted or revoked. */
export function ConfirmButton({
  label, question, run, class: name = "small danger",
}: { label: string; question: string; run: () => Promise<unknown>; class?: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<unknown>(null);
  const confirmed = async () => {
    try {
      await run();
      dialog.current?.close();
    } catch (caught) {
      setError(caught);
    }
  };
  const id = useId();
  return (
    <>
      <button type="button" class={name} onClick={() => dialog.current?.showModal()}>{label}</button>
      <dialog ref={dialog} aria-labelledby={id} onClose={() => setError(null)}>
        <h2 id={id}>{question}</h2>
        <Problem error={error} />
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>{T.keep}</button>
          <button type="button" class="danger" onClick={() => void confirmed()}>{label}</button>
        </div>
      </dialog>
    </>
  );
}

export function Page({ title, intro, children }: { title: string; intro?: string } & Children) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – ${T.title}`;
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [title]);
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>{title}</h1>
      {intro && <p class="intro">{intro}</p>}
      {children}
    </>
  );
}

export function formatTime(moment: string | undefined): string {
  if (!moment) return "";
  return new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }).format(new Date(moment));
}

/** The lines or comma-separated words of a field, without empty ones. */
export function listOf(text: string, separator: RegExp = /\n/): string[] {
  return text.split(separator).map((part) => part.trim()).filter(Boolean);
}

/** The object without fields that are empty. */
export function filled<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, item]) => item !== "" && item !== undefined && !(Array.isArray(item) && item.length === 0)),
  ) as Partial<Value>;
}

/** The wrong fields that an error names. */
export function asErrors(error: unknown): FieldError[] {
  return error ? asApiError(error).fields : [];
}
