/** The captions of both sides: lines that grow, become final, and may be cut by an interruption. Pure. */

export type Speaker = "you" | "agent";
export type LineState = "interim" | "final" | "cut";

export interface Line {
  readonly id: string;
  readonly speaker: Speaker;
  text: string;
  state: LineState;
}

export const MAX_LINES = 200;

/** The lines of a call, the oldest first. */
export class Captions {
  readonly lines: Line[] = [];

  /** Set the text of a segment; a final segment is not changed by interim texts. */
  update(id: string, speaker: Speaker, text: string, isFinal: boolean): Line | undefined {
    let line = this.lines.find((each) => each.id === id);
    if (line === undefined) {
      if (text.trim() === "") return undefined;
      line = { id, speaker, text: "", state: "interim" };
      this.lines.push(line);
      if (this.lines.length > MAX_LINES) this.lines.shift();
    }
    if (line.state === "interim" || isFinal) {
      line.text = text.trim();
      if (line.state === "interim" && isFinal) line.state = "final";
    }
    return line;
  }

  /** Mark the last answer as cut, if `heard`, the part that the caller heard, is not empty and belongs to it. */
  cut(heard: string): Line | undefined {
    const line = this.lines.findLast((each) => each.speaker === "agent" && each.state !== "cut");
    if (line === undefined || heard.trim() === "" || !belongs(line.text, heard)) return undefined;
    line.state = "cut";
    return line;
  }
}

function belongs(line: string, heard: string): boolean {
  const [a, b] = [words(line), words(heard)];
  return a.startsWith(b) || b.startsWith(a);
}

function words(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}
