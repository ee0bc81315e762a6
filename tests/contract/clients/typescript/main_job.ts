// The main job through the generated TypeScript client: node main_job.ts URL TOKEN PICTURE.
// Prints one JSON object of what was seen; test_clients.py generates api.d.ts beside this file, checks both and runs it.

import { readFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

type JobStatus = components["schemas"]["JobStatus"];

const JOB_MILLISECONDS = 120_000;
const ENDED: JobStatus["status"][] = ["completed", "failed", "canceled", "expired"];

const [url, token, picture] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

function good<Data>(answer: { data?: Data; error?: unknown }): Data {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

async function ended(jobId: string): Promise<JobStatus> {
  const giveUp = Date.now() + JOB_MILLISECONDS;
  while (Date.now() < giveUp) {
    const status = good(await client.GET("/api/generate/status", { params: { query: { jobId } } }));
    if (ENDED.includes(status.status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error(`${jobId} has not ended`);
}

const project = good(await client.POST("/api/projects", { body: { name: "Client" } }));
const product = good(
  await client.POST("/api/projects/{projectId}/products", {
    params: { path: { projectId: project.id } },
    body: { name: "Lamp", description: "A lamp that follows the sun." },
  }),
);
const photo = await readFile(picture);
const pictured = good(
  await client.POST("/api/products/{productId}/image", {
    params: { path: { productId: product.id } },
    // The generated type of binary bodies is string; the serializer sends the bytes as they are.
    body: photo as unknown as string,
    bodySerializer: (body) => body,
    headers: { "Content-Type": "application/octet-stream" },
  }),
);
const ids = { projectId: project.id, productId: product.id };
const texts = { platform: "meta", format: "short", tone: "bold" } as const;
const written = good(
  await client.POST("/api/generate/copy", {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { ...ids, ...texts },
  }),
);
const again = good(await client.GET("/api/generate/status", { params: { query: { jobId: written.jobId } } }));
const accepted = good(await client.POST("/api/generate/static-ad", { body: ids }));
const ad = await ended(accepted.jobId);
const listed = good(await client.GET("/api/generate/jobs"));
const credits = good(await client.GET("/api/credits"));
const refusal = await client.POST("/api/generate/copy", { body: { ...ids, ...texts, productId: randomUUID() } });

console.log(
  JSON.stringify({
    pictured: pictured.hasImage,
    hooks: written.variants.map((variant) => variant.hook),
    hooksAgain: again.variants.map((variant) => variant.hook),
    ad: ad.status,
    assets: ad.assets.map((asset) => asset.type).sort(),
    jobs: listed.jobs.map((job) => job.jobId).sort().join() === [written.jobId, accepted.jobId].sort().join(),
    available: credits.available,
    refused: refusal.error?.error.reason,
  }),
);
