/** The stages of a turn as bars. Pure. */

import type { StageName, TurnEvent } from "./control";

const LABELS: Record<StageName, string> = {
  transcript: "speech recognised",
  first_token: "first word of the answer",
  first_audio: "first audio",
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

/** Make the bars of a turn: each stage lasts from the end of the one before it. */
export function barsOf(turn: TurnEvent): Bar[] {
  let from = 0;
  return (Object.keys(LABELS) as StageName[]).flatMap((name) => {
    const to = turn.stages[name];
    if (to === undefined) return [];
    const bar = { name, label: LABELS[name], from: Math.min(from, to), to };
    from = Math.max(from, to);
    return [bar];
  });
}
