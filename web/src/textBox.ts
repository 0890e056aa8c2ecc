/** The text box: the agent answers the text (Talk) or says it word for word (Repeat). */

import { element, tell } from "./dom";
import { lengthNote, lengthOf, MAX_CHARACTERS } from "./textLength";

export type Method = "talk" | "repeat";

const box = element<HTMLInputElement>("text");
const buttons = (["talk", "repeat"] as const).map((method) => element<HTMLButtonElement>(method));

let isInCall = false;

/** Call `send` with each text. It returns whether the text was accepted; a refused text is put back. */
export function onSend(send: (method: Method, text: string) => Promise<boolean>): void {
  box.addEventListener("input", showLength);
  element("write").addEventListener("submit", (event) => {
    event.preventDefault();
    void submit("talk", send);
  });
  element("repeat").addEventListener("click", () => void submit("repeat", send));
}

/** Enable or disable the box; its text stays. */
export function enableTextBox(isEnabled: boolean): void {
  isInCall = isEnabled;
  box.disabled = !isEnabled;
  showLength();
}

async function submit(method: Method, send: (method: Method, text: string) => Promise<boolean>): Promise<void> {
  const text = box.value.trim();
  if (text === "" || isTooLong()) return;
  setText("");
  if (!(await send(method, text)) && box.value === "") setText(text);
}

function setText(text: string): void {
  box.value = text;
  showLength();
}

function showLength(): void {
  tell(element("length"), lengthNote(lengthOf(box.value)));
  box.setAttribute("aria-invalid", String(isTooLong()));
  for (const button of buttons) button.disabled = !isInCall || isTooLong();
}

function isTooLong(): boolean {
  return lengthOf(box.value) > MAX_CHARACTERS;
}
