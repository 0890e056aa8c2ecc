/** The choices before a call: the persona and, if the server allows it, the avatar and the voice. */

import { choices, choose } from "./choices";
import { authorization } from "./connectionDetails";
import { element } from "./dom";

/** The choices that the server allows. */
export interface Offer {
  /** Names of the fields of a call's configuration that may be given. */
  fields: string[];
  /** The persona of a call without a choice. */
  persona: string;
  personas: { persona: string; name: string }[];
}

/** The part of a call's configuration that this page can give; see docs/calls.md. */
export interface CallConfig {
  persona?: string;
  avatar_id?: string;
  voice?: string;
}

// Relative to the page, which a proxy may serve under a path.
const PATH = "api/choices";

const INPUTS = [
  ["avatar_id", "avatar-id"],
  ["voice", "voice-id"],
] as const;

const NOTHING: Offer = { fields: [], persona: "", personas: [] };

let offer = NOTHING;

/** Load the server's offer once; nothing is offered while it does not answer, as without the secret. */
export async function loadOffer(): Promise<void> {
  if (offer !== NOTHING) return;
  const response = await fetch(PATH, { headers: authorization() }).catch(() => undefined);
  if (response?.ok) offer = (await response.json()) as Offer;
}

/** The personas to choose from before a call, by the names of their files; none if there is no choice. */
export function offeredPersonas(): string[] {
  return offer.fields.includes("persona") ? offer.personas.map((each) => each.persona) : [];
}

/** The name of a persona; the name of its file if it is unknown before the call. */
export function personaName(persona: string): string {
  return offer.personas.find((each) => each.persona === persona)?.name ?? persona;
}

/** The persona of the next call. */
export function chosenPersona(): string {
  const chosen = choices().persona;
  return offeredPersonas().includes(chosen) ? chosen : offer.persona;
}

/** The caller's choices for the next call, without the server's defaults. */
export function chosenConfig(): CallConfig {
  const { persona, avatar_id, voice } = choices();
  const config: CallConfig = {};
  if (persona !== offer.persona && offeredPersonas().includes(persona)) config.persona = persona;
  if (avatar_id !== "" && offer.fields.includes("avatar_id")) config.avatar_id = avatar_id;
  if (voice !== "" && offer.fields.includes("voice")) config.voice = voice;
  return config;
}

/** Show the fields for the next call's avatar and voice, if they may be given. */
export function showInputs(isInCall: boolean): void {
  for (const [field, testId] of INPUTS) {
    const input = element<HTMLInputElement>(testId);
    element(`${testId}-label`).hidden = !offer.fields.includes(field);
    input.disabled = isInCall;
    input.value = choices()[field];
    input.onchange = () => choose({ [field]: input.value.trim() });
  }
}
