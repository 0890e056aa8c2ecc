/** The stages of a turn as bars. Pure. */

import type { StageName, TurnEvent } from "./control";

const NAMES: Record<StageName, string> = {
  transcript: "understood",
  first_token: "first word thought",
  first_audio: "first sound made",
  sent: "sent to the avatar",
  speaking: "avatar speaks",
};

export interface Bar {
  name: StageName;
  label: string;
  /** Seconds after the end of the caller's speech. */
  from: number;
  to: number;
}

/** The bars of a turn: each stage lasts from the one before it. */
export function barsOf(turn: TurnEvent): Bar[] {
  let from = 0;
  return (Object.keys(NAMES) as StageName[]).flatMap((name) => {
    const to = turn.stages[name];
    if (to === undefined) return [];
    const bar = { name, label: NAMES[name], from: Math.min(from, to), to };
    from = Math.max(from, to);
    return [bar];
  });
}
