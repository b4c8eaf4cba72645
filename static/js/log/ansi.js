/** Terminal lines for a browser: colours become classes, other control characters go. */

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
// An escape sequence (CSI, OSC, or two characters), or a control character other than tab.
const CONTROL = /\x1b\[([0-9;:]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]?|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/** What is left of a line that was redrawn by carriage returns: its last state. */
export function lastState(line) {
  const end = line.endsWith("\r") ? line.length - 1 : line.length;
  return line.slice(line.lastIndexOf("\r", end - 1) + 1, end);
}

/** A line as [text, class names] pieces. */
export function pieces(line) {
  const spans = [];
  let style = {};
  let from = 0;
  const push = (text) => text && spans.push([text, classes(style)]);
  for (const match of line.matchAll(CONTROL)) {
    push(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") style = restyled(style, match[1]);
  }
  push(line.slice(from));
  return spans;
}

function classes({ colour, bold, dim, underline }) {
  return [colour && `ansi-${colour}`, bold && "bold", dim && "dim", underline && "underline"].filter(Boolean).join(" ");
}

function restyled(style, codes) {
  const next = { ...style };
  const numbers = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < numbers.length; i += 1) {
    const code = numbers[i];
    if (code === 0) for (const key of Object.keys(next)) delete next[key];
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 22) next.bold = next.dim = false;
    else if (code === 4 || code === 24) next.underline = code === 4;
    else if (code >= 30 && code <= 37) next.colour = NAMES[code - 30];
    else if (code >= 90 && code <= 97) next.colour = NAMES[code - 90];
    else if (code === 39) next.colour = undefined;
    else if (code === 38 || code === 48) {
      // 256 and true colours: only the first sixteen have a name here; the rest of the sequence is its arguments.
      const wide = numbers[i + 1] === 5;
      if (code === 38 && wide && numbers[i + 2] < 16) next.colour = NAMES[numbers[i + 2] % 8];
      i += wide ? 2 : 4;
    }
  }
  return next;
}
