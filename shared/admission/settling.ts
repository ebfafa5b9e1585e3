/** How long after its deadline a call may still be settling, in milliseconds: its holds expire that much later. */
export const settlingMs = 10_000;
