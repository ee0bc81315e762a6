// Small drawings of what can be chosen: kinds, styles and shapes.
import type { Kind } from "./jobs.ts";
import { T } from "./texts.ts";

export const RATIOS = Object.keys(T.ratios);
export const FILM_RATIOS = { product: ["9:16", "4:5", "1:1", "16:9"], avatar: ["9:16", "1:1", "16:9"] } as const;

export function KindSample({ kind }: { kind: Kind | "set" }) {
  return <span class={`kind-sample ${kind}`} aria-hidden="true"><i /><i /><i /></span>;
}

export function StyleSample({ style }: { style: string }) {
  return <span class={`style-sample ${style}`} aria-hidden="true"><i /><b /><u /></span>;
}

export function RatioSample({ ratio }: { ratio: string }) {
  const [width = 1, height = 1] = ratio.split(":").map(Number);
  const scale = 34 / Math.max(width, height);
  return (
    <span class="ratio-sample" aria-hidden="true">
      <i style={{ width: `${width * scale}px`, height: `${height * scale}px` }} />
    </span>
  );
}
