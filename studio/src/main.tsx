import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Account } from "./account.tsx";
import { SetList, SetView } from "./campaign.tsx";
import { STEPS, flow, isOpen, stepName } from "./flow.ts";
import { Gallery, GalleryJob } from "./gallery.tsx";
import { JobList } from "./joblist.tsx";
import { credits, follow, isLive, jobs, readUnfinished, refreshCredits, refreshRuns, spoken } from "./jobs.ts";
import { OptionsStep } from "./options.tsx";
import { beginSignIn, exchanging, readProvider, takeCodeFromAddress } from "./oidc.ts";
import { Field, Page, useLoaded } from "./parts.tsx";
import { ProductStep } from "./product.tsx";
import { ProjectStep } from "./project.tsx";
import { ResultsStep } from "./results.tsx";
import { go, link, listenToAddress, place } from "./route.ts";
import { type Credentials, credentials, signIn, signInReason, signOut, takeTokenFromAddress, userOf } from "./session.ts";
import { T } from "./texts.ts";
import { UnderstandingStep } from "./understanding.tsx";

const SECTIONS = ["create", "sets", "gallery", "jobs", "account"] as const;
const VIEWS = { project: ProjectStep, product: ProductStep, understanding: UnderstandingStep, options: OptionsStep, results: ResultsStep };

function App() {
  const signedIn = credentials.use();
  const [section = "create", detail = ""] = place.use();
  useEffect(() => {
    if (!signedIn) return undefined;
    const stop = new AbortController();
    void refreshCredits();
    void refreshRuns();
    void follow(stop.signal);
    void readUnfinished(stop.signal);
    return () => stop.abort();
  }, [signedIn]);
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById("content")?.focus(); }}>{T.skip}</a>
      <Header signedIn={signedIn !== null} section={section} />
      <main id="content" tabIndex={-1}>{signedIn ? <Section key={userOf(signedIn)} section={section} detail={detail} /> : <SignIn />}</main>
      <Spoken />
    </>
  );
}

function Spoken() {
  return <div class="spoken" aria-live="polite">{spoken.use()}</div>;
}

function Header({ signedIn, section }: { signedIn: boolean; section: string }) {
  const balance = credits.use();
  const live = Object.values(jobs.use()).filter(isLive).length;
  return (
    <header>
      <a class="brand" href={link("create", "project")}><span aria-hidden="true" class="mark" />{T.title}</a>
      {signedIn && (
        <>
          <nav aria-label={T.nav.label}>
            {SECTIONS.map((name) => (
              <a key={name} href={link(name)} aria-current={section === name ? "page" : undefined}>
                {T.nav[name]}{name === "jobs" && live > 0 && <span class="live">{live}</span>}
              </a>
            ))}
          </nav>
          <div class="who">
            {balance && (
              <a class="credits" href={link("account")} title={balance.held ? T.credits.held(balance.held) : undefined}>{T.credits.available(balance.available)}</a>
            )}
            <button type="button" class="plain" onClick={signOut}>{T.nav.signOut}</button>
          </div>
        </>
      )}
    </header>
  );
}

function Section({ section, detail }: { section: string; detail: string }) {
  if (section === "gallery") return detail ? <GalleryJob key={detail} jobId={detail} /> : <Gallery />;
  if (section === "sets") return detail ? <SetView key={detail} campaignId={detail} /> : <SetList />;
  if (section === "jobs") return <JobList />;
  if (section === "account") return <Account />;
  return <Create wanted={detail} />;
}

function Create({ wanted }: { wanted: string }) {
  const chosen = flow.use();
  const asked = STEPS.find((step) => step === wanted) ?? "project";
  const step = isOpen(asked, chosen) ? asked : "project";
  const View = VIEWS[step];
  return (
    <>
      <nav class="steps" aria-label={T.steps.label}>
        <ol>
          {STEPS.map((name) => (
            <li key={name}>
              {isOpen(name, chosen) ? <a href={link("create", name)} aria-current={name === step ? "step" : undefined}>{stepName(name)}</a> : <span>{stepName(name)}</span>}
            </li>
          ))}
        </ol>
      </nav>
      <View />
    </>
  );
}

function SignIn() {
  const reason = signInReason.use();
  const provider = useLoaded(readProvider, null);
  const busy = exchanging.use();
  const begin = () => void beginSignIn(provider.value!).catch((error: unknown) => signInReason.set(error instanceof TypeError ? T.signIn.provider : String((error as Error).message)));
  const [kind, setKind] = useState<Credentials["kind"]>("token");
  const [value, setValue] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    const given = value.trim();
    if (!given) return;
    signIn({ kind, value: given });
    if (place.get().length === 0) go("create", "project");
  };
  return (
    <Page title={T.signIn.title} intro={provider.value ? T.signIn.introProvider : T.signIn.intro}>
      {reason && <div class="notice bad narrow" role="alert"><p>{reason}</p><p>{T.signIn.again}</p></div>}
      {busy && <p class="loading" role="status">{T.signIn.exchanging}</p>}
      {provider.value && !busy && (
        <section class="panel narrow" aria-label={T.signIn.title}>
          <button type="button" class="primary wide" onClick={begin}>{T.signIn.with(new URL(provider.value.issuer).host)}</button>
        </section>
      )}
      <form class="panel narrow" onSubmit={submit} noValidate>
        {provider.value && <h2>{T.signIn.otherwise}</h2>}
        <fieldset class="inline">
          <legend>{T.signIn.kind}</legend>
          {(["token", "key"] as const).map((name) => (
            <label key={name} class="check">
              <input type="radio" name="kind" checked={kind === name} onChange={() => setKind(name)} /> {T.signIn[name]}
            </label>
          ))}
        </fieldset>
        <Field label={T.signIn.value[kind]} name="credentials">
          {(described) => <input type="password" autocomplete="off" spellcheck={false} {...described} value={value} onInput={(event) => setValue(event.currentTarget.value)} />}
        </Field>
        <div class="buttons"><button class="primary">{T.signIn.button}</button></div>
        <p class="quiet">{T.signIn.here}</p>
      </form>
    </Page>
  );
}

takeCodeFromAddress();
listenToAddress(takeTokenFromAddress);
render(<App />, document.getElementById("studio")!);
