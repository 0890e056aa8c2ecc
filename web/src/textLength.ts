/** The length of a text for the agent. Pure. */

// The control protocol's limit, docs/control.md.
export const MAX_CHARACTERS = 2_000;

// The count is shown from here on.
const NEAR_LIMIT = 1_600;

const NUMBER = new Intl.NumberFormat("en");

/** Count Unicode characters without the spaces around the text, as the agent does. */
export function lengthOf(text: string): number {
  return [...text.trim()].length;
}

/** Describe the length of a text; empty while it is far from the limit. */
export function lengthNote(length: number): string {
  if (length < NEAR_LIMIT) return "";
  const count = `${NUMBER.format(length)} of ${NUMBER.format(MAX_CHARACTERS)} characters`;
  return length > MAX_CHARACTERS ? `${count}: too long to send. Please shorten the text.` : count;
}
