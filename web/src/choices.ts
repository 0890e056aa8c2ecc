/** What the caller has chosen for the microphone. The tab keeps it, so that a reload does not open the microphone. */

import type { Input } from "./control";
import { type Store, tabStore } from "./storage";

export interface Choices {
  input: Input;
  isMuted: boolean;
}

const KEY = "choices";
const DEFAULTS: Choices = { input: "open", isMuted: false };

export function choices(store: Store = tabStore): Choices {
  return { ...DEFAULTS, ...(JSON.parse(store.get(KEY) ?? "{}") as Partial<Choices>) };
}

/** Change some of the choices. */
export function choose(changed: Partial<Choices>, store: Store = tabStore): void {
  store.set(KEY, JSON.stringify({ ...choices(store), ...changed }));
}
