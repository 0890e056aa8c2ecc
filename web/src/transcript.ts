/** Reads the room's captions, `lk.transcription`, and shows them. */

import type { Room, TextStreamReader } from "livekit-client";
import { Captions, type Line, MOST_LINES, type Speaker } from "./captions";
import { element, make, stayAtEnd } from "./dom";
import { log } from "./log";

const TOPIC = "lk.transcription";
const SEGMENT = "lk.segment_id";
const TRACK = "lk.transcribed_track_id";
const FINAL = "lk.transcription_final";

const list = element("captions");

stayAtEnd(list);

/** The captions of one call. */
export class Transcript {
  private readonly captions = new Captions();

  constructor(private readonly room: Room) {
    list.replaceChildren();
    room.registerTextStreamHandler(TOPIC, (reader, { identity }) => void this.read(reader, identity));
  }

  /** The caller has written this. */
  write(text: string): void {
    show(this.captions.update(`written-${performance.now()}`, "you", text, true));
  }

  /** An answer was interrupted where this was heard of it. */
  cut(heard: string): void {
    show(this.captions.cut(heard));
  }

  /** A caller's words come whole, again with each change; an answer grows in one stream. */
  private async read(reader: TextStreamReader, identity: string): Promise<void> {
    const id = reader.info.attributes?.[SEGMENT] ?? reader.info.id;
    const speaker = this.speaker(identity, reader.info.attributes?.[TRACK]);
    let text = "";
    try {
      for await (const piece of reader) {
        text += piece;
        show(this.captions.update(id, speaker, text, false));
      }
    } catch {
      return; // the room ended in the middle of a sentence
    }
    if (reader.info.attributes?.[FINAL] !== "true") return;
    show(this.captions.update(id, speaker, text, true));
    log(`${speaker}: ${text.trim()}`);
  }

  private speaker(identity: string, trackId: string | undefined): Speaker {
    const own = this.room.localParticipant;
    return identity === own.identity || (trackId !== undefined && own.trackPublications.has(trackId)) ? "you" : "agent";
  }
}

function show(line: Line | undefined): void {
  if (line === undefined) return;
  const known = list.querySelector<HTMLElement>(`[data-id="${CSS.escape(line.id)}"]`);
  const shown = known ?? make("p", "", { "data-testid": "caption", "data-id": line.id, "data-speaker": line.speaker });
  shown.dataset["state"] = line.state;
  shown.replaceChildren(make("b", line.speaker === "you" ? "You" : "Agent"), " ", make("span", line.text));
  if (line.state === "cut") shown.append(make("em", " — interrupted"));
  if (known === null) list.append(shown);
  if (list.childElementCount > MOST_LINES) list.firstElementChild?.remove();
}
