// All jobs of the caller: what is being made, with a way to cancel it, and what ended.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Job, call, request } from "./api.ts";
import { readNames } from "./gallery.tsx";
import { followed as streamed, isLive, jobs, kindOf } from "./jobs.ts";
import { AsRequest, Loading, Page, Problem, formatTime, useLoaded } from "./parts.tsx";
import { Progress } from "./results.tsx";
import { link } from "./route.ts";
import { T } from "./texts.ts";

const PAGE = 20;

export function JobList() {
  const known = jobs.use();
  const isStreamed = streamed.use();
  const names = useLoaded(() => readNames(""), null);
  const followed = useRef(new Set<string>());
  const [listed, setListed] = useState<Job[]>([]);
  const [token, setToken] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(true);
  const read = async (pageToken: string) => {
    setBusy(true);
    setError(null);
    try {
      const page = await call("get", "/api/generate/jobs", { query: { pageSize: PAGE, pageToken } });
      setListed((before) => [...(pageToken ? before : []), ...((page.jobs ?? []) as Job[])]);
      setToken(page.nextPageToken ?? "");
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  // Read again once the stream is open: it says nothing of jobs that ended before.
  useEffect(() => void read(""), [isStreamed]);
  // The stream knows jobs that were submitted after the list was read, and newer states of those in it. They stay in the
  // list when they end. Ids grow with time, so a known job at or above the oldest one in the list belongs in it.
  const oldest = token ? (listed.at(-1)?.id ?? "") : "";
  for (const job of Object.values(known)) if (isLive(job)) followed.current.add(job.id);
  const all = new Map([...Object.values(known).filter((job) => job.id >= oldest || followed.current.has(job.id)), ...listed].map((job) => [job.id, known[job.id] ?? job]));
  const sorted = [...all.values()].sort((one, other) => (one.id < other.id ? 1 : -1));
  return (
    <Page title={T.jobs.title} intro={T.jobs.intro}>
      <Problem error={error} />
      {!busy && !error && sorted.length === 0 && <p>{T.jobs.none}</p>}
      <ul class="rows" aria-label={T.jobs.list}>
        {sorted.map((job) => (
          <li key={job.id}>
            <div class="row-head">
              <a href={link("gallery", job.id)}>{[T.kinds[kindOf(job)], names.value?.products[job.productId]?.name].filter(Boolean).join(": ")}</a>
              <span class={`badge ${job.status}`}>{T.statuses[job.status]}</span>
              <span class="quiet">{formatTime(job.createdAt)}</span>
            </div>
            {isLive(job) && <Progress job={job} />}
            {job.error && <p class="quiet">{job.error.message}</p>}
          </li>
        ))}
      </ul>
      {busy && <Loading />}
      {token && !busy && <div class="buttons"><button type="button" onClick={() => void read(token)}>{T.more}</button></div>}
      <AsRequest requests={[request("get", "/api/generate/jobs", { query: { pageSize: PAGE } })]} />
    </Page>
  );
}
