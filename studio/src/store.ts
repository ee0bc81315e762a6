// Values that several parts of the page share, and their storage. They do not outlive the browser tab: the session's
// storage holds credentials, drafts and the running jobs, so that a reload loses nothing.
import { useEffect, useState } from "preact/hooks";

const PREFIX = "studio.";

export type Store<T> = {
  get(): T;
  set(value: T): void;
  update(change: (value: T) => T): void;
  use(): T;
};

/** A shared value. With a name, it is kept in the session's storage. */
export function store<T>(initial: T, name = ""): Store<T> {
  let value = name ? readStored(name, initial) : initial;
  const listeners = new Set<(value: T) => void>();
  const result: Store<T> = {
    get: () => value,
    set(next) {
      value = next;
      if (name) writeStored(name, next);
      for (const listener of [...listeners]) listener(next);
    },
    update: (change) => result.set(change(value)),
    use() {
      const [seen, show] = useState(() => ({ value }));
      useEffect(() => {
        const listener = (next: T) => show({ value: next });
        listeners.add(listener);
        if (seen.value !== value) show({ value });
        return () => void listeners.delete(listener);
      }, []);
      return seen.value;
    },
  };
  if (name) resets.push(() => result.set(initial));
  return result;
}

const resets: (() => void)[] = [];

/** Has something else forgotten too when another user signs in. */
export function onForget(reset: () => void): void {
  resets.push(reset);
}

/** Forgets everything that is kept, as when another user signs in. */
export function forgetAll(): void {
  for (const reset of resets) reset();
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
}

export function readStored<T>(name: string, fallback: T): T {
  try {
    const text = sessionStorage.getItem(PREFIX + name);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function writeStored(name: string, value: unknown): void {
  try {
    if (value === undefined || value === null) sessionStorage.removeItem(PREFIX + name);
    else sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the page works, but a reload loses this value.
  }
}

/** The state of a form under a name: what was typed stays over a reload until `clear`. */
export function useDraft<T>(name: string, initial: T): [T, (change: Partial<T>) => void, () => void] {
  const key = `draft.${name}`;
  const [value, set] = useState<T>(() => ({ ...initial, ...readStored<Partial<T>>(key, {}) }));
  const change = (part: Partial<T>) =>
    set((before) => {
      const next = { ...before, ...part };
      writeStored(key, next);
      return next;
    });
  const clear = () => {
    writeStored(key, null);
    set(initial);
  };
  return [value, change, clear];
}

/** A random identifier. crypto.randomUUID is missing where the page comes by http from another machine. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
