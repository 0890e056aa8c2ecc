/** Decides whether a growing list keeps its end in view. Pure. */

/** Scroll position, length and visible height of a list, in pixels. */
export interface Scroll {
  top: number;
  height: number;
  visible: number;
}

// Pixels, for rounding errors of a zoomed page.
const TOLERANCE = 8;

/**
 * Return whether a list follows its end after it was scrolled.
 *
 * Only scrolling back ends it: a list that becomes smaller is also away from its end, but was not scrolled back.
 */
export function follows(wasFollowing: boolean, before: number, now: Scroll): boolean {
  const isAtEnd = now.height - now.top - now.visible < TOLERANCE;
  return isAtEnd || (wasFollowing && now.top >= before);
}
