/**
 * The caller's choices for the microphone and for the next call. The tab keeps them, so that a reload does not unmute
 * the microphone.
 */

import type { Input } from "./control";
import { type Store, tabStore } from "./storage";

export interface Choices {
  input: Input;
  isMuted: boolean;
  persona: string;
  avatar_id: string;
  voice: string;
}

const KEY = "choices";
const DEFAULTS: Choices = { input: "open", isMuted: false, persona: "", avatar_id: "", voice: "" };

export function choices(store: Store = tabStore): Choices {
  return { ...DEFAULTS, ...(JSON.parse(store.get(KEY) ?? "{}") as Partial<Choices>) };
}

/** Change some of the choices. */
export function choose(changed: Partial<Choices>, store: Store = tabStore): void {
  store.set(KEY, JSON.stringify({ ...choices(store), ...changed }));
}
