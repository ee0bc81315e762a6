import { useState } from "preact/hooks";
import { type Understanding, call, request, send } from "./api.ts";
import { flow } from "./flow.ts";
import { announce } from "./jobs.ts";
import { AsRequest, Choice, Page, Problem, Text, asErrors, filled, useLoaded } from "./parts.tsx";
import { go } from "./route.ts";
import { T } from "./texts.ts";

function languageName(code: string | undefined): string {
  try {
    return code ? (new Intl.DisplayNames("en", { type: "language" }).of(code) ?? code) : "";
  } catch {
    return code ?? "";
  }
}

const SHOWN = ["trade", "subject", "audience", "goal", "kind", "language"];
const CORRECTABLE = ["trade", "subject", "audience", "goal", "kind", "language"] as const;
type Corrections = Partial<Record<(typeof CORRECTABLE)[number], string>>;

export function UnderstandingStep() {
  const { productId, productName } = flow.use();
  const found = useLoaded(
    async () => (await call("get", "/api/products/{productId}/understanding", { path: { productId } })) as Understanding, productId,
  );
  return (
    <Page title={T.understanding.title} intro={T.understanding.intro}>
      <Problem error={found.error} />
      {!found.value && !found.error && <p class="loading" role="status">{T.understanding.waiting}</p>}
      {found.value && <Understood key={found.value.madeAt} found={found.value} name={productName} changed={found.set} />}
    </Page>
  );
}

function Understood({ found, name, changed }: { found: Understanding; name: string; changed: (found: Understanding) => void }) {
  const [corrections, setCorrections] = useState<Corrections>({});
  const [roles, setRoles] = useState<Record<string, string>>({});
  const [error, setError] = useState<unknown>(null);
  const errors = asErrors(error);
  const facts = Object.entries(roles).map(([text, role]) => ({ text, role }));
  const body = filled({ ...corrections, facts });
  const path = { productId: found.productId ?? "" };
  const wanted = request("patch", "/api/products/{productId}/understanding", { path, body: body as never });
  const pending = Object.keys(body).length > 0;
  const update = async (what: Parameters<typeof send>[0]) => {
    setError(null);
    try {
      const result = (await send(what)) as Understanding;
      setCorrections({});
      setRoles({});
      changed(result);
      announce(T.understanding.saved);
    } catch (caught) {
      setError(caught);
      throw caught;
    }
  };
  const next = async () => {
    try {
      if (pending) await update(wanted);
      go("create", "options");
    } catch {
      // Shown above.
    }
  };
  const reset = request("patch", "/api/products/{productId}/understanding", { path, body: { reset: ["all"] } as never });
  const value = (field: (typeof CORRECTABLE)[number]) => ({
    value: corrections[field] ?? String(found[field] ?? ""),
    set: (given: string) => setCorrections({ ...corrections, [field]: given }),
    errors,
  });
  const labels: (readonly [string, string | undefined])[] = [
    [T.product.kind, T.productKinds[(found.kind ?? "") as keyof typeof T.productKinds]],
    [T.product.goal, found.goal && T.goals[found.goal as keyof typeof T.goals]],
    [T.product.audience, found.audience],
    [T.understanding.language, found.language === "und" ? "" : languageName(found.language)],
    [T.understanding.sensitive, found.sensitive?.join(", ")],
    [T.understanding.regulated, found.regulated?.join(", ")],
  ];
  const understood = labels.filter(([, text]) => text);
  const words = found.evidence.map((item) => item.words ?? "").filter(Boolean);
  return (
    <section aria-label={T.understanding.title}>
      <Problem error={error} shown={SHOWN} />
      <div class="panel">
        {found.tradeName ? (
          <p class="statement">
            {name}: <strong>{found.tradeName}</strong>{" "}
            <span class={`badge ${found.confidence}`}>{T.understanding.confidence[found.confidence] ?? found.confidence}</span>
          </p>
        ) : (
          <p class="statement">{T.understanding.notKnown}</p>
        )}
        <dl class="facts-list">
          {understood.map(([label, text]) => <div key={label}><dt>{label}</dt><dd>{text}</dd></div>)}
        </dl>
        {words.length > 0 && <p class="quiet">{T.understanding.evidence(words.slice(0, 6).join(", "))}</p>}
        <details open={!found.tradeName || errors.length > 0 || undefined}>
          <summary>{T.understanding.correct}</summary>
          <div class="columns">
            <Text label={T.understanding.trade} name="trade" {...value("trade")} hint={T.understanding.tradeHint} />
            <Text label={T.understanding.subject} name="subject" {...value("subject")} />
            <Text label={T.product.audience} name="audience" {...value("audience")} />
            <Choice label={T.product.kind} name="kind" {...value("kind")} options={Object.entries(T.productKinds)} />
            <Choice label={T.product.goal} name="goal" {...value("goal")} options={Object.entries(T.goals)} />
            <Text label={T.understanding.language} name="language" {...value("language")} />
          </div>
        </details>
        {found.corrected.length > 0 && (
          <p class="quiet">
            {T.understanding.corrected}: {found.corrected.join(", ")}{" "}
            <button type="button" class="plain" onClick={() => void update(reset).catch(() => undefined)}>{T.understanding.reset}</button>
          </p>
        )}
      </div>
      {found.facts.length > 0 && (
        <div class="panel">
          <h2>{T.understanding.facts}</h2>
          <p class="quiet">{T.understanding.factsIntro}</p>
          <ul class="facts">
            {found.facts.map((fact) => {
              const text = fact.text ?? "";
              const role = roles[text] ?? fact.role ?? "";
              return (
                <li key={fact.id} class={role === "unused" ? "unused" : ""}>
                  <span>{text}</span>
                  <select aria-label={T.understanding.role(text)} value={role} onChange={(event) => setRoles({ ...roles, [text]: event.currentTarget.value })}>
                    {Object.entries(T.understanding.roles).map(([name_, label]) => <option key={name_} value={name_}>{label}</option>)}
                  </select>
                </li>
              );
            })}
          </ul>
        </div>
      )}
      <div class="buttons">
        {pending && <button type="button" onClick={() => void update(wanted).catch(() => undefined)}>{T.understanding.save}</button>}
        <button type="button" class="primary" onClick={() => void next()}>{T.next}</button>
      </div>
      <AsRequest requests={[pending ? wanted : request("get", "/api/products/{productId}/understanding", { path })]} />
    </section>
  );
}

