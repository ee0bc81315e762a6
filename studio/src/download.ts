// Files to keep: one, or all of a result as a zip that the browser makes.
import { type Job, type Variant, localPath } from "./api.ts";
import { assetsOf, kindOf } from "./jobs.ts";
import { T } from "./texts.ts";

type Entry = { name: string; bytes: Uint8Array };

const MAX_NAME = 40;
const SUFFIXES: Record<string, string> = {
  "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "video/mp4": "mp4", "text/vtt": "vtt", "application/x-subrip": "srt",
};
const DELIVERED = ["image", "video", "captions_vtt", "captions_srt"] as const;

/** Has the browser save a file under a name. */
export function saveFile(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A text as a part of a file's name: letters and digits of any script, joined by hyphens. */
export function fileName(text: string): string {
  return text.normalize("NFC").replace(/[^\p{L}\p{M}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, MAX_NAME) || "adwright";
}

export function wholeText(variant: Variant): string {
  return [variant.hook, variant.body, variant.cta, variant.hashtags?.join(" ")].filter(Boolean).join("\n\n");
}

/** Saves everything that the jobs have made as one zip. Throws Error when a file cannot be read. */
export async function saveAll(made: Job[], name: string): Promise<void> {
  const files: Entry[] = [];
  for (const job of made) files.push(...(await filesOf(job, `${fileName(name)}-${T.files[kindOf(job)]}-${job.id.slice(-6)}`)));
  saveFile(zip(files), `${fileName(name)}.zip`);
}

async function filesOf(job: Job, name: string): Promise<Entry[]> {
  const files: Entry[] = [];
  const texts = (job.variants ?? []).map((variant, index) => `${T.results.variant(index + 1)}\n\n${wholeText(variant)}\n`);
  if (texts.length) files.push({ name: `${name}.txt`, bytes: new TextEncoder().encode(texts.join("\n\n")) });
  let number = 0;
  for (const asset of assetsOf(job, ...DELIVERED)) {
    const response = await fetch(localPath(asset.url), { credentials: "omit" });
    if (!response.ok) throw new Error(T.errors.file);
    const type = (response.headers.get("content-type") ?? "").split(";")[0]!;
    number += asset.type === "image" ? 1 : 0;
    const counted = number > 1 ? `-${number}` : "";
    files.push({ name: `${name}${counted}.${SUFFIXES[type] ?? "bin"}`, bytes: new Uint8Array(await response.arrayBuffer()) });
  }
  return files;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

const UTF8_NAMES = 0x0800;
const FIRST_DATE = 0x21; // 1 January 1980, in the format of MS-DOS

/** A zip without compression, as pictures and films are compressed already. Together less than 4 GiB. */
function zip(files: Entry[]): Blob {
  const parts: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let offset = 0;
  let directorySize = 0;
  for (const { name, bytes } of files) {
    const path = new TextEncoder().encode(name);
    // Version, flags, method (stored), time, date, checksum, both sizes, lengths of the name and of the extra field.
    const described = record([2, 20], [2, UTF8_NAMES], [2, 0], [2, 0], [2, FIRST_DATE], [4, crc32(bytes)], [4, bytes.length], [4, bytes.length], [2, path.length], [2, 0]);
    const head = [record([4, 0x04034b50]), described, path];
    parts.push(...head, bytes as BlobPart);
    directory.push(record([4, 0x02014b50], [2, 20]), described, record([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), path);
    offset += 4 + described.length + path.length + bytes.length;
    directorySize += 46 + path.length;
  }
  const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, directorySize], [4, offset], [2, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Little-endian numbers of 2 or 4 bytes, one after the other. */
function record(...fields: (readonly [2 | 4, number])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(fields.reduce((size, [width]) => size + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return bytes;
}
