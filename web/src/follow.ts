/** Whether a list that grows keeps its end in view. Pure. */

/** Where a list is scrolled to, how long it is and how much of it is visible, in pixels. */
export interface Scroll {
  top: number;
  height: number;
  visible: number;
}

// Rounding errors of a zoomed page.
const TOLERANCE = 8;

/**
 * Whether a list follows its end after it was scrolled.
 *
 * Only scrolling back ends it: a list that was made smaller is away from its end as well, but was not scrolled back.
 */
export function follows(wasFollowing: boolean, before: number, now: Scroll): boolean {
  const isAtEnd = now.height - now.top - now.visible < TOLERANCE;
  return isAtEnd || (wasFollowing && now.top >= before);
}
