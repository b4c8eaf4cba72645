/** The bars of a histogram: {edges, counts}. */

export const bars = {
  range: ({ counts }) => [0, counts.reduce((a, b) => Math.max(a, b), 1)],

  paint(context, { x, y, box }, { edges, counts }, { ink }) {
    context.fillStyle = ink;
    for (const [i, count] of counts.entries()) {
      const [left, top] = [x.at(edges[i]), y.at(count)];
      context.fillRect(left, top, Math.max(1, x.at(edges[i + 1]) - left - 1), box.bottom - top);
    }
  },
};
