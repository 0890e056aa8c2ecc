/** The page: passes the caller's actions to the call, and shows the call's reports. */

import "./style/base.css";
import "./style/stage.css";
import "./style/captions.css";
import "./style/cards.css";
import "./style/controls.css";
import "./style/panel.css";
import "./style/layout.css";
import { showStep } from "./avatar";
import { Call } from "./call";
import { clearCards, showCard } from "./cardList";
import { choices, choose } from "./choices";
import * as connectionDetails from "./connectionDetails";
import { NoConnectionDetailsError } from "./connectionDetails";
import type { Agent, CallEvent, Input, UsageEvent } from "./control";
import { element } from "./dom";
import { listenToSite } from "./embedded";
import { log, offerCopy } from "./log";
import { clearFailure, clearMessage, showFailure, showMessage } from "./message";
import { chosenConfig, loadOffer, showInputs } from "./offer";
import { showAgent, showPersonas, showReconnecting, showServices, showState, showUsage } from "./panel";
import { onHold } from "./pushToTalk";
import { enableTextBox, type Method, onSend } from "./textBox";
import { offerTheme } from "./theme";
import { clearTurns, showTurn } from "./waterfall";

const start = element<HTMLButtonElement>("start");
const close = element<HTMLButtonElement>("close");
const personas = element<HTMLSelectElement>("persona-select");

const NO_AGENT =
  "No one has answered yet: all lines may be busy. You can keep waiting, or close the call and try again later.";
const NO_MICROPHONE = "There is no microphone, or it was not allowed. You can write instead.";
const INSECURE = "The browser allows a microphone only over https and on localhost. You can write instead.";
const NO_ROOM = "The call can't be reached. Please check your connection and try again.";

const INPUT_RETRY_MS = 1_000;

const INPUTS: [testId: string, input: Input][] = [
  ["mode-open", "open"],
  ["mode-ptt", "push_to_talk"],
];

let call: Call | undefined;
let agent: Agent | undefined;
let usage: UsageEvent | undefined;

/** Show the controls of a call, or Start. */
function setInCall(isInCall: boolean): void {
  document.body.dataset["call"] = isInCall ? "on" : "off";
  start.hidden = isInCall;
  close.hidden = !isInCall;
  element<HTMLButtonElement>("interrupt").disabled = !isInCall;
  enableTextBox(isInCall);
  showInputs(isInCall);
  onMicrophone();
}

/** Join the kept call or, if the caller pressed Start (`isAsked`), a new one. Close may end it at any time. */
async function enter(isAsked: boolean): Promise<void> {
  showMessage("");
  const entered = new Call({ onAgent, onEvent, onNoAgent, onReconnecting, onEnd, onSilenced, onMicrophone });
  call = entered;
  usage = undefined;
  setInCall(true);
  showState("joining");
  showStep("room");
  clearTurns();
  clearCards();
  try {
    const details = await connectionDetails.rejoinOrCreate(isAsked, chosenConfig());
    if (call !== entered) return;
    connectionDetails.keep(details);
    await entered.join(details);
    log(`joined ${details.room} as ${details.identity}`);
    if (isAsked) entered.allowSound();
    if (!(await entered.microphone.open()) && call === entered) showMessage(noMicrophone());
  } catch (error) {
    if (call === entered) fail(error);
  }
}

function fail(error: unknown): void {
  void call?.close();
  leave();
  log(`not joined: ${String(error)}`);
  const refused = error instanceof NoConnectionDetailsError ? error : undefined;
  element("secret-form").hidden = refused?.needsSecret !== true;
  showMessage(refused?.message ?? NO_ROOM);
}

function leave(): void {
  call = agent = undefined;
  setInCall(false);
  onSilenced(false);
  showAgent(undefined);
  showStep(undefined);
  void offerChoices();
}

/** Show the choices for the next call. */
async function offerChoices(): Promise<void> {
  await loadOffer();
  if (call !== undefined) return;
  showInputs(false);
  showPersonas(undefined);
}

function noMicrophone(): string {
  return window.isSecureContext ? NO_MICROPHONE : INSECURE;
}

function onAgent(changed: Agent | undefined): void {
  const hasJoined = agent === undefined && changed !== undefined;
  agent = changed;
  if (changed === undefined) return showState("joining");
  clearMessage(NO_AGENT);
  showAgent(changed);
  element("name").textContent = changed.name.replace(/ \(agent\)$/, "");
  showUsage(usage, changed.endsAt);
  if (hasJoined && changed.input !== choices().input) void tellInput(call);
}

/** Send the choice to the agent until it accepts it: a request in the first moments of a call can get lost. */
async function tellInput(told: Call | undefined): Promise<void> {
  while (call === told && agent !== undefined && !(await ask((control) => control.setInput(choices().input)))) {
    await new Promise((resolve) => setTimeout(resolve, INPUT_RETRY_MS));
  }
}

function onEvent(event: CallEvent): void {
  if (event.type === "turn") showTurn(event);
  if (event.type === "usage") showUsage((usage = event), agent?.endsAt);
  if (event.type === "said") clearFailure();
  if (event.type === "error") {
    log(`${event.source} failed: ${event.message}`);
    showFailure(event.message);
  }
  if (event.type === "card") showCard(event.card);
  if (event.type === "sentence") log(`sentence ${event.state}: ${event.text}`);
}

function onNoAgent(): void {
  showMessage(NO_AGENT);
}

function onReconnecting(isReconnecting: boolean): void {
  showReconnecting(isReconnecting, agent);
}

function onEnd(reason: string, canRejoin: boolean): void {
  if (!canRejoin) connectionDetails.drop();
  log(reason || "left");
  leave();
  showMessage(reason);
}

function onSilenced(isSilenced: boolean): void {
  element("hear").hidden = !isSilenced;
}

function canTalk(): boolean {
  return call !== undefined && call.microphone.isLive && choices().input === "push_to_talk";
}

function onMicrophone(): void {
  element<HTMLButtonElement>("ptt").disabled = !canTalk();
}

/** Send a request to the agent, and show a refusal. Returns whether it was carried out. */
async function ask(request: (control: Call["control"]) => Promise<void>): Promise<boolean> {
  if (call === undefined) return false;
  try {
    await request(call.control);
    clearFailure();
    return true;
  } catch (error) {
    showFailure(error instanceof Error ? error.message : String(error));
    return false;
  }
}

async function send(method: Method, text: string): Promise<boolean> {
  log(`${method}: ${text}`);
  const asked = call;
  const isDone = await ask((control) => control[method](text));
  if (isDone && method === "talk") asked?.transcript.write(text);
  return isDone;
}

async function endCall(): Promise<void> {
  connectionDetails.drop();
  showMessage("");
  log("closed");
  const closed = call;
  leave();
  await closed?.close();
}

async function onPersonaChosen(): Promise<void> {
  if (call === undefined) return choose({ persona: personas.value });
  if (!(await ask((control) => control.setPersona(personas.value)))) showAgent(agent);
}

function onInputChosen(input: Input): void {
  choose({ input });
  showInput();
  if (agent !== undefined) void tellInput(call);
}

function showInput(): void {
  document.body.dataset["input"] = choices().input;
  for (const [testId, input] of INPUTS) element<HTMLInputElement>(testId).checked = input === choices().input;
  onMicrophone();
}

function onSecret(event: Event): void {
  event.preventDefault();
  connectionDetails.keepSecret(element<HTMLInputElement>("secret").value);
  element("secret-form").hidden = true;
  void enter(true);
}

function listenToCaller(): void {
  start.addEventListener("click", () => void enter(true));
  close.addEventListener("click", () => void endCall());
  onSend(send);
  element("interrupt").addEventListener("click", () => void ask((control) => control.interrupt()));
  element("mute").addEventListener("click", () => void call?.microphone.toggleMute());
  element("hear").addEventListener("click", () => call?.allowSound());
  element<HTMLSelectElement>("mic-select").addEventListener("change", (event) => {
    void call?.microphone.useDevice((event.target as HTMLSelectElement).value);
  });
  personas.addEventListener("change", () => void onPersonaChosen());
  for (const [testId, input] of INPUTS) element(testId).addEventListener("change", () => onInputChosen(input));
  element("secret-form").addEventListener("submit", onSecret);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") void ask((control) => control.interrupt());
  });
  onHold(
    canTalk,
    () => void ask((control) => control.startTalking()),
    () => void ask((control) => control.endTalking()),
  );
}

connectionDetails.takeSecretFromAddress();
offerTheme();
offerCopy();
listenToCaller();
listenToSite(() => call !== undefined, endCall);
showInput();
showServices(undefined);
clearTurns();
leave();
setInterval(() => showUsage(usage, agent?.endsAt), 1_000);
if (connectionDetails.kept() !== undefined) void enter(false);
