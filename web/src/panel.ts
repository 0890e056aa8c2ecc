/** What is known of the call: who does what, what is used, in which state the agent is. */

import type { Agent, UsageEvent } from "./control";
import { clock, element, make, tell } from "./dom";

const VENDORS: [vendor: string, does: string, name: string][] = [
  ["deepgram", "hears", "Deepgram"],
  ["openai", "thinks", "OpenAI"],
  ["elevenlabs", "speaks", "ElevenLabs"],
  ["liveavatar", "is seen", "LiveAvatar"],
];

const STATES: Record<string, string> = {
  off: "not in a call",
  joining: "joining",
  listening: "listening",
  thinking: "thinking",
  speaking: "speaking",
};

const MENDING = "The connection is lost. Trying to get it back …";

const state = element("agent-state");
const notice = element("notice");
const personas = element<HTMLSelectElement>("persona-select");

/** Say what the agent does; one that is being prepared, or has nothing to do, listens. */
export function showState(name: string): void {
  const known = name === "initializing" ? "joining" : name === "idle" ? "listening" : name;
  state.dataset["state"] = known;
  state.textContent = STATES[known] ?? known;
}

/** Show what the agent says of itself. */
export function showAgent(agent: Agent): void {
  showState(agent.state);
  showParts(agent.standIns);
  showWhy(agent);
  showPersonas(agent);
}

/** Say that the connection is being mended, or say again what the agent says. */
export function showMending(isMending: boolean, agent: Agent | undefined): void {
  if (isMending) tell(notice, MENDING);
  else showWhy(agent);
}

function showWhy(agent: Agent | undefined): void {
  tell(notice, agent?.avatar === "voice only" ? `Voice only: ${agent.reason || "there is no avatar"}` : "");
}

/** Show which vendor is real, and which a stand-in; undefined when that is not known yet. */
export function showParts(standIns: string[] | undefined): void {
  const parts = VENDORS.map(([vendor, does, name]) => {
    const isReal = standIns === undefined ? "unknown" : String(!standIns.includes(vendor));
    const part = make("li", "", { "data-testid": "part", "data-vendor": vendor, "data-real": isReal });
    const told = { unknown: "…", true: "real", false: "stand-in" }[isReal] ?? "";
    part.append(make("span", does), make("b", name), make("i", told));
    return part;
  });
  element("parts").replaceChildren(...parts);
}

/** Show what was used; `endsAt` is when the call will be ended. */
export function showUsage(usage: UsageEvent | undefined, endsAt: Date | undefined): void {
  const left = usage?.credits_left == null ? "" : `, ${usage.credits_left.toFixed(1)} left`;
  element("minutes").textContent = clock(usage?.avatar_seconds ?? 0);
  element("credits").textContent = `${(usage?.credits_about ?? 0).toFixed(2)}${left}`;
  const seconds = endsAt === undefined ? 0 : (endsAt.getTime() - Date.now()) / 1000;
  tell(element("ends"), seconds > 0 ? `The call ends in ${clock(seconds)}` : "");
}

function showPersonas(agent: Agent): void {
  const names = agent.personas;
  element("persona").hidden = names.length < 2;
  if (names.join() !== [...personas.options].map((option) => option.value).join()) {
    personas.replaceChildren(...names.map((name) => make("option", name, { value: name })));
  }
  personas.value = agent.persona;
}
