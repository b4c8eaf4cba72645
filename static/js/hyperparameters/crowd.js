/** Runs beside the visible ones: drawn in one grey, and faint where they are many. */

/** Colour of runs that have no other one. */
export const OTHERS = "var(--axis)";
/** From how many runs on the others are faint. */
export const CROWD = 100;
