/** The state of the call: the agent's state, the services, the usage and the personas. */

import type { Agent, UsageEvent } from "./control";
import { clock, element, make, tell } from "./dom";
import { chosenPersona, offeredPersonas, personaName } from "./offer";

const SERVICES: [vendor: string, role: string, name: string][] = [
  ["deepgram", "Speech-to-text", "Deepgram"],
  ["openai", "Language model", "OpenAI"],
  ["elevenlabs", "Text-to-speech", "ElevenLabs"],
  ["liveavatar", "Avatar", "LiveAvatar"],
];

const STATES: Record<string, string> = {
  off: "not in a call",
  joining: "joining",
  listening: "listening",
  thinking: "thinking",
  speaking: "speaking",
};

const RECONNECTING = "The connection was lost. Reconnecting …";

const state = element("agent-state");
const notice = element("notice");
const personas = element<HTMLSelectElement>("persona-select");

/** Show the agent's state: "initializing" is joining, and "idle" is listening. */
export function showState(name: string): void {
  const known = name === "initializing" ? "joining" : name === "idle" ? "listening" : name;
  state.dataset["state"] = known;
  state.textContent = STATES[known] ?? known;
}

/** Show the agent's attributes; undefined outside a call. */
export function showAgent(agent: Agent | undefined): void {
  showState(agent?.state ?? "off");
  if (agent !== undefined) showServices(agent.standIns);
  showNoAvatar(agent);
  showPersonas(agent);
}

/** Show that the connection is being restored, or the notice from before. */
export function showReconnecting(isReconnecting: boolean, agent: Agent | undefined): void {
  if (isReconnecting) tell(notice, RECONNECTING);
  else showNoAvatar(agent);
}

function showNoAvatar(agent: Agent | undefined): void {
  tell(notice, agent?.avatar === "voice only" ? `Voice only: ${agent.reason || "there is no avatar"}` : "");
}

/** Show which services are stand-ins; undefined if that is not known yet. */
export function showServices(standIns: string[] | undefined): void {
  const parts = SERVICES.map(([vendor, role, name]) => {
    const isReal = standIns === undefined ? "unknown" : String(!standIns.includes(vendor));
    const part = make("li", "", { "data-testid": "part", "data-vendor": vendor, "data-real": isReal });
    const kind = { unknown: "…", true: "real", false: "stand-in" }[isReal] ?? "";
    part.append(make("span", role), make("b", name), make("i", kind));
    return part;
  });
  element("parts").replaceChildren(...parts);
}

/** Show the usage; `endsAt` is when the call will be ended. */
export function showUsage(usage: UsageEvent | undefined, endsAt: Date | undefined): void {
  const left = usage?.credits_left == null ? "" : `, ${usage.credits_left.toFixed(1)} left`;
  element("minutes").textContent = clock(usage?.avatar_seconds ?? 0);
  element("credits").textContent = `${(usage?.credits_about ?? 0).toFixed(2)}${left}`;
  const seconds = endsAt === undefined ? 0 : (endsAt.getTime() - Date.now()) / 1000;
  tell(element("ends"), seconds > 0 ? `The call ends in ${clock(seconds)}` : "");
}

/** Show the agent's personas in a call, to switch its persona; outside, the server's, for the next call. */
export function showPersonas(agent: Agent | undefined): void {
  const stems = agent?.personas ?? offeredPersonas();
  personas.disabled = stems.length === 0;
  element("persona").hidden = stems.length < 2;
  if (stems.join() !== [...personas.options].map((option) => option.value).join()) {
    personas.replaceChildren(...stems.map((stem) => make("option", personaName(stem), { value: stem })));
  }
  personas.value = agent?.persona ?? chosenPersona();
}
