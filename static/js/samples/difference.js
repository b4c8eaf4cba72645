/** The difference of two texts by words: the longest common subsequence, after common beginnings and ends. */

const MOST_WORDS = 3000;

/** Return parts `{kind: "same" | "removed" | "added", text}` in order; long texts that differ everywhere are not aligned. */
export function difference(before, after) {
  const [old, now] = [words(before), words(after)];
  let [start, end] = [0, 0];
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const [left, right] = [old.slice(start, old.length - end), now.slice(start, now.length - end)];
  const middle = left.length > MOST_WORDS || right.length > MOST_WORDS ? [["removed", left], ["added", right]] : aligned(left, right);
  return joined([["same", old.slice(0, start)], ...middle, ["same", old.slice(old.length - end)]]);
}

function words(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

function aligned(left, right) {
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      lengths[i * width + j] = left[i] === right[j] ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const parts = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) parts.push(["same", [left[i++]]]) && j++;
    else if (i < left.length && (j === right.length || lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) parts.push(["removed", [left[i++]]]);
    else parts.push(["added", [right[j++]]]);
  }
  return parts;
}

function joined(parts) {
  const result = [];
  for (const [kind, list] of parts) {
    const text = list.join("");
    if (!text) continue;
    if (result.at(-1)?.kind === kind) result.at(-1).text += text;
    else result.push({ kind, text });
  }
  return result;
}
