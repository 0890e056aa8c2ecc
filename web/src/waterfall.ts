/** The response times of the last turns: one bar for each stage, from the end of the caller's speech. */

import { type Bar, barsOf } from "./bars";
import type { TurnEvent } from "./control";
import { element, make } from "./dom";

const BY: Record<TurnEvent["by"], string> = { speech: "spoken", text: "written", repeat: "repeat", opening: "opening" };

const EMPTY = "The time from the end of your words to the avatar's first word, for each turn.";
const MAX_TURNS = 6;

const waterfall = element("waterfall");

/** Remove the turns of the last call. */
export function clearTurns(): void {
  waterfall.replaceChildren(make("p", EMPTY));
}

/** Show the stages that a turn has reached, the newest turn on top. */
export function showTurn(turn: TurnEvent): void {
  waterfall.querySelector("p")?.remove();
  const bars = barsOf(turn);
  const longest = Math.max(0.001, ...bars.map((bar) => bar.to));
  const table = make("table", "", { "data-testid": "turn", "data-turn": String(turn.turn) });
  const total = bars.at(-1)?.to;
  const title = `Turn ${turn.turn}, ${BY[turn.by]}${total === undefined ? "" : `: ${milliseconds(total)}`}`;
  table.append(make("caption", title), ...bars.map((bar) => row(bar, longest)));
  const known = waterfall.querySelector(`[data-turn="${turn.turn}"]`);
  if (known === null) waterfall.prepend(table);
  else known.replaceWith(table);
  while (waterfall.childElementCount > MAX_TURNS) waterfall.lastElementChild?.remove();
}

function row(bar: Bar, longest: number): HTMLElement {
  const line = make("tr", "", { "data-testid": "stage", "data-name": bar.name });
  const track = make("td", "", { class: "track", "aria-hidden": "true" });
  const filled = make("i");
  filled.style.marginInlineStart = `${(bar.from / longest) * 100}%`;
  filled.style.width = `${Math.max(1, ((bar.to - bar.from) / longest) * 100)}%`;
  track.append(filled);
  line.append(make("th", bar.label, { scope: "row" }), track, make("td", milliseconds(bar.to), { class: "ms" }));
  return line;
}

function milliseconds(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}
