// Runs the main job through the generated TypeScript client: node main_job.ts URL TOKEN PHOTO.
// Prints its observations as one JSON object. test_clients.py generates api.d.ts beside this file and runs it.

import { readFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

type JobStatus = components["schemas"]["JobStatus"];

const JOB_MILLISECONDS = 120_000;
const TERMINAL: JobStatus["status"][] = ["completed", "failed", "canceled", "expired"];

const [url, token, photoFile] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

function unwrap<Data>(response: { data?: Data; error?: unknown }): Data {
  if (response.data === undefined) throw new Error(JSON.stringify(response.error));
  return response.data;
}

async function ended(jobId: string): Promise<JobStatus> {
  const deadline = Date.now() + JOB_MILLISECONDS;
  while (Date.now() < deadline) {
    const status = unwrap(await client.GET("/api/generate/status", { params: { query: { jobId } } }));
    if (TERMINAL.includes(status.status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error(`${jobId} is not terminal`);
}

const project = unwrap(await client.POST("/api/projects", { body: { name: "Client" } }));
const product = unwrap(
  await client.POST("/api/projects/{projectId}/products", {
    params: { path: { projectId: project.id } },
    body: { name: "Lamp", description: "A lamp that follows the sun." },
  }),
);
const photo = await readFile(photoFile);
const pictured = unwrap(
  await client.POST("/api/products/{productId}/image", {
    params: { path: { productId: product.id } },
    // The generated type of binary bodies is string; the serializer sends the bytes unchanged.
    body: photo as unknown as string,
    bodySerializer: (body) => body,
    headers: { "Content-Type": "application/octet-stream" },
  }),
);
const ids = { projectId: project.id, productId: product.id };
const texts = { platform: "meta", format: "short", tone: "bold" } as const;
const written = unwrap(
  await client.POST("/api/generate/copy", {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { ...ids, ...texts },
  }),
);
const again = unwrap(await client.GET("/api/generate/status", { params: { query: { jobId: written.jobId } } }));
const accepted = unwrap(await client.POST("/api/generate/static-ad", { body: ids }));
const ad = await ended(accepted.jobId);
const listed = unwrap(await client.GET("/api/generate/jobs"));
const credits = unwrap(await client.GET("/api/credits"));
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
