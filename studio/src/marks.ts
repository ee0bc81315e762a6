// Favourites and hidden results: the only values that outlive the tab. They are ids of jobs, which show nothing without
// a sign-in, in the storage of this browser.
import { useEffect, useState } from "preact/hooks";

const PREFIX = "studio.";
const MOST = 500;

export type Marks = { use(): string[]; toggle(id: string): void };

function marks(name: string): Marks {
  const listeners = new Set<() => void>();
  const notify = () => { for (const listener of [...listeners]) listener(); };
  addEventListener("storage", (event) => void (event.key === PREFIX + name && notify()));
  return {
    use() {
      const [, show] = useState(0);
      useEffect(() => {
        const listener = () => show((before) => before + 1);
        listeners.add(listener);
        return () => void listeners.delete(listener);
      }, []);
      return read(name);
    },
    toggle(id) {
      const before = read(name);
      const next = before.includes(id) ? before.filter((other) => other !== id) : [id, ...before].slice(0, MOST);
      try {
        if (next.length) localStorage.setItem(PREFIX + name, JSON.stringify(next));
        else localStorage.removeItem(PREFIX + name);
      } catch {
        // Storage is full or forbidden: nothing is marked.
      }
      notify();
    },
  };
}

function read(name: string): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(PREFIX + name) ?? "[]");
    return Array.isArray(found) ? found.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

export const favourites = marks("favourites");
export const hidden = marks("hidden");
