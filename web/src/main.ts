/** The page: what is pressed goes to the call, what the call tells is shown. */

import "./style/base.css";
import "./style/face.css";
import "./style/words.css";
import "./style/controls.css";
import "./style/panel.css";
import "./style/narrow.css";
import { Call } from "./call";
import type { Agent, CallEvent, Input, UsageEvent } from "./control";
import { element, tell } from "./dom";
import { awaitStep } from "./face";
import { log, offerCopy } from "./log";
import { showAgent, showMending, showParts, showState, showUsage } from "./panel";
import { onHold } from "./push-to-talk";
import { offerTheme } from "./theme";
import {
  askForTicket,
  dropTicket,
  keepSecret,
  keptTicket,
  NoTicketError,
  takeSecretFromAddress,
  type Ticket,
} from "./ticket";
import { clearTurns, showTurn } from "./waterfall";

const start = element<HTMLButtonElement>("start");
const close = element<HTMLButtonElement>("close");
const text = element<HTMLInputElement>("text");
const problem = element("error");

const NO_AGENT = "No agent comes. Close the call, and start again.";

let call: Call | undefined;
let agent: Agent | undefined;
let usage: UsageEvent | undefined;

const wantedInput = (): Input => (element<HTMLInputElement>("mode-ptt").checked ? "push_to_talk" : "open");

/** In a call everything can be pressed, else only Start. */
function setInCall(isIn: boolean): void {
  document.body.dataset["call"] = isIn ? "on" : "off";
  start.hidden = isIn;
  close.hidden = !isIn;
  for (const id of ["text", "talk", "repeat", "interrupt", "ptt"]) {
    element<HTMLButtonElement>(id).disabled = !isIn;
  }
}

/** Go into the call whose ticket is kept, or else into a new one. The caller may close it at every moment. */
async function enter(hasClicked: boolean): Promise<void> {
  tell(problem, "");
  setInCall(true);
  showState("joining");
  awaitStep("room");
  clearTurns();
  const mine = new Call({ onAgent, onEvent, onLateAgent, onMending, onEnd, onSilenced });
  call = mine;
  try {
    const kept = keptTicket();
    const ticket = kept ?? (await askForTicket());
    if (call !== mine) return dropTicket();
    await mine.join(ticket).catch(async (error: unknown) => {
      if (kept === undefined || call !== mine) throw error;
      await mine.join(await askAgain(kept, hasClicked));
    });
    log(`joined ${ticket.room} as ${ticket.identity}`);
    if (hasClicked) await mine.allowSound();
    if (!(await mine.microphone.open()) && call === mine) tell(problem, noMicrophone());
  } catch (error) {
    if (call === mine) fail(error, hasClicked);
  }
}

/** A ticket to the call of one that has expired. If it can't be come back to, who has clicked gets a new call. */
async function askAgain(expired: Ticket, hasClicked: boolean): Promise<Ticket> {
  try {
    return await askForTicket(expired);
  } catch (error) {
    if (!hasClicked || !(error instanceof NoTicketError && error.isFinal)) throw error;
    return askForTicket();
  }
}

/** What was in the way of the call. A call that is over is nothing to tell of to who only came back to the page. */
function fail(error: unknown, hasClicked: boolean): void {
  leave();
  log(`not joined: ${String(error)}`);
  const isOver = error instanceof NoTicketError && error.isFinal;
  if (isOver) dropTicket();
  if (isOver && !hasClicked) return;
  element("secret-form").hidden = !(error instanceof NoTicketError && error.wantsSecret);
  const sentence = error instanceof NoTicketError ? error.message : "The room can't be reached. Is LiveKit running?";
  tell(problem, sentence);
}

function leave(): void {
  call = agent = undefined;
  setInCall(false);
  onSilenced(false);
  showState("off");
  awaitStep(undefined);
  tell(element("notice"), "");
}

function noMicrophone(): string {
  return window.isSecureContext
    ? "There is no microphone, or it was not allowed: write instead."
    : "Browsers give a microphone to https and to localhost alone: write instead.";
}

function onAgent(news: Agent | undefined): void {
  const hasCome = agent === undefined && news !== undefined;
  agent = news;
  if (news === undefined) return showState("joining");
  if (problem.textContent === NO_AGENT) tell(problem, "");
  showAgent(news);
  element("name").textContent = news.name.replace(/ \(agent\)$/, "");
  showUsage(usage, news.endsAt);
  if (hasCome && news.input !== wantedInput()) ask(() => call?.control.setInput(wantedInput()));
}

function onEvent(event: CallEvent): void {
  if (event.type === "turn") showTurn(event);
  if (event.type === "usage") showUsage((usage = event), agent?.endsAt);
  if (event.type === "error") {
    log(`${event.source} failed: ${event.message}`);
    tell(problem, event.message);
  }
  if (event.type === "sentence") log(`sentence ${event.state}: ${event.text}`);
}

function onLateAgent(): void {
  tell(problem, NO_AGENT);
}

function onMending(isMending: boolean): void {
  showMending(isMending, agent);
}

function onEnd(why: string, isOver: boolean): void {
  if (isOver) dropTicket(); // else a reload would begin another call
  log(why || "left");
  leave();
  tell(problem, why);
}

function onSilenced(isSilenced: boolean): void {
  element("hear").hidden = !isSilenced;
}

/** Ask something of the agent; what it refuses is told. */
function ask(request: () => Promise<void> | undefined): void {
  request()?.then(
    () => tell(problem, ""),
    (error: unknown) => tell(problem, error instanceof Error ? error.message : String(error)),
  );
}

function send(method: "talk" | "repeat"): void {
  const said = text.value.trim();
  if (said === "" || call === undefined) return;
  text.value = "";
  log(`${method}: ${said}`);
  if (method === "talk") call.transcript.write(said);
  ask(() => call?.control[method](said));
}

function wire(): void {
  start.addEventListener("click", () => void enter(true));
  close.addEventListener("click", () => {
    dropTicket(); // else a reload would come back
    log("closed");
    const closed = call;
    leave();
    void closed?.close();
  });
  element("write").addEventListener("submit", (event) => {
    event.preventDefault();
    send("talk");
  });
  element("repeat").addEventListener("click", () => send("repeat"));
  element("interrupt").addEventListener("click", () => ask(() => call?.control.interrupt()));
  element("mute").addEventListener("click", () => void call?.microphone.toggle());
  element("hear").addEventListener("click", () => void call?.allowSound());
  element<HTMLSelectElement>("mic-select").addEventListener("change", (event) => {
    void call?.microphone.choose((event.target as HTMLSelectElement).value);
  });
  element<HTMLSelectElement>("persona-select").addEventListener("change", (event) => {
    ask(() => call?.control.setPersona((event.target as HTMLSelectElement).value));
  });
  for (const id of ["mode-open", "mode-ptt"]) element(id).addEventListener("change", onInputChosen);
  element("secret-form").addEventListener("submit", (event) => {
    event.preventDefault();
    keepSecret(element<HTMLInputElement>("secret").value);
    element("secret-form").hidden = true;
    void enter(true);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && call !== undefined) ask(() => call?.control.interrupt());
  });
  onHold(
    () => call !== undefined && wantedInput() === "push_to_talk",
    () => ask(() => call?.control.startTalking()),
    () => ask(() => call?.control.endTalking()),
  );
}

function onInputChosen(): void {
  document.body.dataset["input"] = wantedInput();
  if (agent !== undefined) ask(() => call?.control.setInput(wantedInput()));
}

takeSecretFromAddress();
offerTheme();
offerCopy();
wire();
onInputChosen();
showParts(undefined);
clearTurns();
leave();
setInterval(() => showUsage(usage, agent?.endsAt), 1_000);
if (keptTicket() !== undefined) void enter(false);
