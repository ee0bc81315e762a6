// The place in the page, in the fragment of the address.
import { store } from "./store.ts";

export const place = store(readPlace());

function readPlace(): string[] {
  return location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decoded);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

export function go(...parts: string[]): void {
  location.hash = link(...parts);
}

export function link(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** Follows the address from now on. `first` sees every new address before the page does. */
export function listenToAddress(first: () => void): void {
  const changed = () => {
    first();
    place.set(readPlace());
  };
  changed();
  addEventListener("hashchange", changed);
}
