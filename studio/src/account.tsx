// Credits with their statement, API keys, webhooks with their deliveries, and what administrators may do.
import { useState } from "preact/hooks";
import { type ApiKey, type ApiRequest, type Credits, type DeadJob, type Delivery, type Entry, type Webhook, asApiError, call, request, send } from "./api.ts";
import { refreshCredits } from "./jobs.ts";
import { AsRequest, ConfirmButton, CopyButton, Loading, Page, Problem, Text, asErrors, formatTime, useLoaded } from "./parts.tsx";
import { usePrices } from "./options.tsx";
import { credentials, isAdmin, userOf } from "./session.ts";
import { randomId } from "./store.ts";
import { T } from "./texts.ts";

const PAGE = 20;

export function Account() {
  const signedIn = credentials.use();
  return (
    <Page title={T.account.title} intro={T.account.signedInAs(userOf(signedIn))}>
      <CreditsSection />
      <Statement />
      <Keys />
      <Webhooks />
      {isAdmin(signedIn) && <Admin />}
    </Page>
  );
}

function CreditsSection() {
  const found = useLoaded(async () => (await call("get", "/api/credits", {})) as Credits, null);
  const prices = usePrices();
  return (
    <section class="panel" aria-labelledby="credits">
      <h2 id="credits">{T.account.credits}</h2>
      <Problem error={found.error} />
      {found.value && (
        <>
          <dl class="numbers">
            <div><dt>{T.account.available}</dt><dd>{found.value.available}</dd></div>
            <div><dt>{T.account.heldLabel}</dt><dd>{found.value.held}</dd></div>
          </dl>
          {found.value.expiringSoon !== undefined && <p class="quiet">{T.credits.expiring(found.value.expiringSoon)}</p>}
          <p class="quiet">{T.credits.howToGet}</p>
        </>
      )}
      <h3>{T.account.prices}</h3>
      <dl class="prices">
        {Object.entries(prices).sort((one, other) => one[1] - other[1]).map(([type, credits]) => (
          <div key={type}><dt>{T.account.priceNames[type] ?? type}</dt><dd>{T.credits.available(credits)}</dd></div>
        ))}
      </dl>
      <AsRequest requests={[request("get", "/api/credits", {}), request("get", "/api/prices", {})]} />
    </section>
  );
}

function signed(change: number | undefined): string {
  return change ? `${change > 0 ? "+" : "−"}${Math.abs(change)}` : "";
}

function Statement() {
  const [entries, setEntries] = useState<Entry[]>([]);
  const [token, setToken] = useState("");
  const [error, setError] = useState<unknown>(null);
  const read = async (pageToken: string) => {
    const page = await call("get", "/api/credits/statement", { query: { pageSize: PAGE, pageToken } });
    setEntries((before) => [...(pageToken ? before : []), ...((page.entries ?? []) as Entry[])]);
    setToken(page.nextPageToken ?? "");
    return true;
  };
  const first = useLoaded(() => read(""), null);
  return (
    <section class="panel" aria-labelledby="statement">
      <h2 id="statement">{T.account.statement}</h2>
      <Problem error={error ?? first.error} />
      {first.value && entries.length === 0 && <p>{T.account.statementNone}</p>}
      {entries.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="statement">
          <table>
            <thead><tr><th scope="col">{T.account.when}</th><th scope="col">{T.account.what}</th><th scope="col" class="number">{T.account.available}</th><th scope="col" class="number">{T.account.heldLabel}</th></tr></thead>
            <tbody>
              {entries.map((entry) => (
                <tr key={entry.id}>
                  <td>{formatTime(entry.createdAt)}</td>
                  <td>{T.account.entryKinds[entry.kind] ?? entry.kind}{entry.reason ? `: ${entry.reason}` : ""}</td>
                  <td class="number">{signed(entry.availableChange)}</td>
                  <td class="number">{signed(entry.heldChange)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {token && <div class="buttons"><button type="button" onClick={() => void read(token).catch(setError)}>{T.more}</button></div>}
      <AsRequest requests={[request("get", "/api/credits/statement", { query: { pageSize: PAGE } })]} />
    </section>
  );
}

/** Shows what the API shows only once. */
function Secret({ label, value }: { label: string; value: string }) {
  return (
    <div class="notice good" role="status">
      <p>{label}</p>
      <p class="secret"><code>{value}</code> <CopyButton text={value} /></p>
    </div>
  );
}

/** Sends a form's request; the form shows errors and keeps what was entered. */
function useSending(): { error: unknown; busy: boolean; run: (work: () => Promise<unknown>) => Promise<void> } {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return { error, busy, run };
}

function Keys() {
  const found = useLoaded(async () => (await call("get", "/api/keys", { query: { pageSize: 100 } })).apiKeys as ApiKey[], null);
  const [draft, setDraft] = useState({ name: "", days: "90", budget: "" });
  const [made, setMade] = useState("");
  const sending = useSending();
  const errors = asErrors(sending.error);
  const body = {
    name: draft.name,
    ...(draft.days ? { expiresInDays: Number(draft.days) } : {}),
    ...(draft.budget ? { creditBudget: Number(draft.budget) } : {}),
  };
  const wanted = request("post", "/api/keys", { body });
  const make = (event: Event) => {
    event.preventDefault();
    void sending.run(async () => {
      const result = (await send(wanted)) as { key?: string };
      setMade(result.key ?? "");
      setDraft({ name: "", days: "90", budget: "" });
      found.reload();
    });
  };
  const revoke = async (key: ApiKey) => {
    await call("delete", "/api/keys/{keyId}", { path: { keyId: key.id } });
    found.reload();
  };
  const forbidden = asApiError(found.error ?? "").status === 403;
  return (
    <section class="panel" aria-labelledby="keys">
      <h2 id="keys">{T.account.keys}</h2>
      <p class="quiet">{T.account.keysIntro}</p>
      {forbidden ? <p class="notice">{found.error?.message} {T.account.needsToken}</p> : <Problem error={found.error} />}
      {found.value?.length === 0 && <p>{T.account.keysNone}</p>}
      <ul class="rows">
        {(found.value ?? []).map((key) => (
          <li key={key.id} class={key.revokedAt ? "ended" : ""}>
            <div class="row-head">
              <strong>{key.name}</strong> <code>{key.hint}…</code>
              <span class="quiet">{key.revokedAt ? T.account.revoked : T.account.ends(formatTime(key.expiresAt))} · {T.account.spent(key.creditsSpent ?? 0, key.creditBudget)}</span>
              {!key.revokedAt && <ConfirmButton label={T.account.revoke} question={T.account.revokeQuestion(key.name)} run={() => revoke(key)} />}
            </div>
          </li>
        ))}
      </ul>
      {!forbidden && (
        <form onSubmit={make} noValidate>
          {made && <Secret label={T.account.newKey} value={made} />}
          <Problem error={sending.error} shown={["name", "expiresInDays", "creditBudget"]} />
          <div class="columns">
            <Text label={T.account.keyName} name="name" value={draft.name} set={(name) => setDraft({ ...draft, name })} errors={errors} required />
            <Text label={T.account.keyDays} name="expiresInDays" inputMode="numeric" value={draft.days} set={(days) => setDraft({ ...draft, days })} errors={errors} />
            <Text label={T.account.keyBudget} name="creditBudget" inputMode="numeric" value={draft.budget} set={(budget) => setDraft({ ...draft, budget })} errors={errors} optional />
          </div>
          <div class="buttons"><button class="primary" disabled={sending.busy}>{T.account.makeKey}</button></div>
          <AsRequest requests={[wanted]} />
        </form>
      )}
    </section>
  );
}

function Webhooks() {
  const found = useLoaded(async () => (await call("get", "/api/webhooks", {})).webhooks as Webhook[], null);
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState("");
  const sending = useSending();
  const wanted = request("post", "/api/webhooks", { body: { url } as never });
  const add = (event: Event) => {
    event.preventDefault();
    void sending.run(async () => {
      setSecret(((await send(wanted)) as { secret?: string }).secret ?? "");
      setUrl("");
      found.reload();
    });
  };
  return (
    <section class="panel" aria-labelledby="webhooks">
      <h2 id="webhooks">{T.account.webhooks}</h2>
      <p class="quiet">{T.account.webhooksIntro}</p>
      <Problem error={found.error} />
      {found.value?.length === 0 && <p>{T.account.webhooksNone}</p>}
      <ul class="rows">{(found.value ?? []).map((webhook) => <WebhookRow key={webhook.id} webhook={webhook} changed={found.reload} />)}</ul>
      <form onSubmit={add} noValidate>
        {secret && <Secret label={T.account.newSecret} value={secret} />}
        <Problem error={sending.error} shown={["url"]} />
        <Text label={T.account.address} name="url" type="url" placeholder="https://" value={url} set={setUrl} hint={T.account.addressHint} errors={asErrors(sending.error)} required />
        <div class="buttons"><button class="primary" disabled={sending.busy}>{T.account.addWebhook}</button></div>
        <AsRequest requests={[wanted]} />
      </form>
    </section>
  );
}

function WebhookRow({ webhook, changed }: { webhook: Webhook; changed: () => void }) {
  const [shown, show] = useState(false);
  const [turn, setTurn] = useState(0);
  const sending = useSending();
  const path = { webhookId: webhook.id };
  const test = () => sending.run(async () => {
    await call("post", "/api/webhooks/{webhookId}/test", { path, body: {} as never });
    show(true);
    setTurn(turn + 1);
  });
  const remove = async () => {
    await call("delete", "/api/webhooks/{webhookId}", { path });
    changed();
  };
  return (
    <li>
      <div class="row-head">
        <code>{webhook.url}</code>
        {!webhook.enabled && <span class="badge failed">{T.account.disabled}</span>}
        {webhook.disabledReason && <span class="quiet">{webhook.disabledReason}</span>}
      </div>
      <Problem error={sending.error} />
      <div class="buttons">
        <button type="button" class="small" disabled={sending.busy} onClick={() => void test()}>{T.account.test}</button>
        <button type="button" class="small" aria-expanded={shown} onClick={() => { show(!shown); setTurn(turn + 1); }}>{T.account.deliveries}</button>
        <ConfirmButton label={T.delete} question={T.account.deleteWebhook(webhook.url)} run={remove} />
      </div>
      {shown && <Deliveries key={turn} webhookId={webhook.id} />}
    </li>
  );
}

function Deliveries({ webhookId }: { webhookId: string }) {
  const found = useLoaded(
    async () => (await call("get", "/api/webhooks/{webhookId}/deliveries", { path: { webhookId }, query: { pageSize: PAGE } })).deliveries as Delivery[], webhookId,
  );
  const sending = useSending();
  const again = (delivery: Delivery) => sending.run(async () => {
    await call("post", "/api/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver", { path: { webhookId, deliveryId: delivery.id }, body: {} as never });
    found.reload();
  });
  return (
    <>
      <Problem error={found.error ?? sending.error} />
      {!found.value && !found.error && <Loading />}
      {found.value?.length === 0 && <p class="quiet">{T.account.deliveriesNone}</p>}
      <ul class="rows inner">
        {(found.value ?? []).map((delivery) => (
          <li key={delivery.id}>
            <div class="row-head">
              <span>{delivery.type}</span>
              <span class={`badge ${delivery.state}`}>{delivery.state}</span>
              <span class="quiet">
                {[formatTime(delivery.occurredAt), T.account.tries(delivery.tries ?? 0), delivery.answerStatus !== undefined ? T.account.answered(delivery.answerStatus) : delivery.failure]
                  .filter(Boolean).join(" · ")}
              </span>
              <button type="button" class="small" disabled={sending.busy} onClick={() => void again(delivery)}>{T.account.redeliver}</button>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Admin() {
  const [grant, setGrant] = useState({ userId: "", credits: "", reason: "" });
  const [grantId, setGrantId] = useState(randomId);
  const [refund, setRefund] = useState({ jobId: "", reason: "" });
  const dead = useLoaded(async () => (await call("get", "/api/admin/jobs/dead", {})).jobs as DeadJob[], null);
  const granting = useSending();
  const refunding = useSending();
  const retrying = useSending();
  const [done, setDone] = useState("");
  const grantRequest = request("post", "/api/admin/grants", { body: { ...grant, credits: Number(grant.credits), grantId } });
  const refundRequest = request("post", "/api/admin/refunds", { body: refund });
  const run = (event: Event, sending: ReturnType<typeof useSending>, wanted: ApiRequest) => {
    event.preventDefault();
    setDone("");
    void sending.run(async () => {
      await send(wanted);
      setDone(T.account.done);
      setGrantId(randomId());
      void refreshCredits();
    });
  };
  return (
    <section class="panel" aria-labelledby="admin">
      <h2 id="admin">{T.admin.title}</h2>
      <p role="status">{done}</p>
      <form onSubmit={(event) => run(event, granting, grantRequest)} noValidate>
        <h3>{T.admin.grant}</h3>
        <Problem error={granting.error} shown={["userId", "credits", "reason"]} />
        <div class="columns">
          <Text label={T.admin.user} name="userId" value={grant.userId} set={(userId) => setGrant({ ...grant, userId })} errors={asErrors(granting.error)} />
          <Text label={T.admin.amount} name="credits" inputMode="numeric" value={grant.credits} set={(credits) => setGrant({ ...grant, credits })} errors={asErrors(granting.error)} />
          <Text label={T.admin.reason} name="reason" value={grant.reason} set={(reason) => setGrant({ ...grant, reason })} errors={asErrors(granting.error)} />
        </div>
        <div class="buttons"><button disabled={granting.busy}>{T.admin.grant}</button></div>
        <AsRequest requests={[grantRequest]} />
      </form>
      <form onSubmit={(event) => run(event, refunding, refundRequest)} noValidate>
        <h3>{T.admin.refund}</h3>
        <Problem error={refunding.error} shown={["jobId", "reason"]} />
        <div class="columns">
          <Text label={T.admin.jobId} name="jobId" value={refund.jobId} set={(jobId) => setRefund({ ...refund, jobId })} errors={asErrors(refunding.error)} />
          <Text label={T.admin.reason} name="reason" value={refund.reason} set={(reason) => setRefund({ ...refund, reason })} errors={asErrors(refunding.error)} />
        </div>
        <div class="buttons"><button disabled={refunding.busy}>{T.admin.refund}</button></div>
        <AsRequest requests={[refundRequest]} />
      </form>
      <h3>{T.admin.dead}</h3>
      <Problem error={dead.error ?? retrying.error} />
      {dead.value?.length === 0 && <p>{T.admin.deadNone}</p>}
      <ul class="rows">
        {(dead.value ?? []).map((job) => (
          <li key={job.jobId}>
            <div class="row-head">
              <code>{job.jobId}</code> <span>{job.reason}</span> <span class="quiet">{formatTime(job.failedAt)}</span>
              {!job.retriedAs && (
                <button type="button" class="small" disabled={retrying.busy}
                  onClick={() => void retrying.run(async () => { await call("post", "/api/admin/jobs/{jobId}/retry", { path: { jobId: job.jobId }, body: {} as never }); dead.reload(); })}>
                  {T.admin.retry}
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
