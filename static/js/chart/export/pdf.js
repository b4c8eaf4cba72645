/**
 * Write a recorded picture (vector.js) as a PDF of one page (ISO 32000-1). Texts are in Helvetica, which every reader
 * has; what its encoding lacks, such as Chinese, is a mask of 576 dots per inch.
 */

import { glyphMask } from "./glyph_mask.js";

const POINT = 72 / 96;
const ESCAPES = /[\\()]/g;
/** Characters of WinAnsiEncoding outside of Latin-1, and the minus sign, which it lacks, as an en dash. */
const WINDOWS = new Map([..."€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"].map((sign, i) => [sign, [0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8e, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9e, 0x9f][i]])).set("−", 0x96);

/** Return the bytes of a file. */
export function pdf({ width, height, items }, title) {
  const [states, masks] = [new Map(), []];
  const size = [width * POINT, height * POINT].map(round);
  const content = [`${POINT} 0 0 -${POINT} 0 ${size[1]} cm`, ...items.map((item) => drawing(item, states, masks))].join("\n");
  const first = 7;
  const stateList = [...states.values()].map(({ name }, i) => `/${name} ${first + i} 0 R`).join(" ");
  const maskList = masks.map((_, i) => `/M${i} ${first + states.size + i} 0 R`).join(" ");
  const resources = `<< /Font << /F0 5 0 R /F1 6 0 R >> /ExtGState << ${stateList} >> /XObject << ${maskList} >> >>`;
  const font = (name) => `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`;
  return assembled([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${size.join(" ")}] /Resources ${resources} /Contents 4 0 R >>`,
    stream("", content),
    font("Helvetica"),
    font("Helvetica-Bold"),
    ...[...states.values()].map(({ alpha }) => `<< /Type /ExtGState /ca ${alpha} /CA ${alpha} >>`),
    ...masks.map(({ columns, rows, bits }) => stream(`/Type /XObject /Subtype /Image /Width ${columns} /Height ${rows} /ImageMask true /Decode [1 0] `, bits)),
  ], title);
}

function drawing(item, states, masks) {
  if (item.kind === "end") return "Q";
  if (item.kind === "clip") return `q ${lines(item.path)} W n`;
  const alpha = round(item.alpha);
  if (!states.has(alpha)) states.set(alpha, { name: `G${states.size}`, alpha });
  const colour = item.rgb.map((part) => round(part / 255)).join(" ");
  const begin = `q /${states.get(alpha).name} gs ${colour} rg ${colour} RG`;
  if (item.kind === "fill") return `${begin} ${lines(item.path)} f Q`;
  if (item.kind === "stroke") return `${begin} ${item.lineWidth} w 1 j [${item.dash.join(" ")}] 0 d ${lines(item.path)} S Q`;
  const bytes = encoded(item.text);
  const { left, base, size, outline, bold } = item;
  if (bytes !== null) {
    const mode = outline ? `1 Tr ${outline} w 1 j` : "0 Tr";
    return `${begin} BT /F${Number(bold)} ${size} Tf ${mode} 1 0 0 -1 ${round(left)} ${round(base)} Tm (${bytes}) Tj ET Q`;
  }
  if (outline) return "";
  const mask = glyphMask(item);
  masks.push(mask);
  return `${begin} ${mask.width} 0 0 -${mask.height} ${round(left)} ${round(base + mask.below)} cm /M${masks.length - 1} Do Q`;
}

function lines(path) {
  return path.map(([command, x, y]) => (command === "Z" ? "h" : `${round(x)} ${round(y)} ${command === "M" ? "m" : "l"}`)).join(" ");
}

/** Return a text as a string of WinAnsiEncoding, or null. */
function encoded(text) {
  let bytes = "";
  for (const sign of text) {
    const code = WINDOWS.get(sign) ?? sign.codePointAt(0);
    if (!WINDOWS.has(sign) && !((code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code <= 0xff))) return null;
    bytes += String.fromCharCode(code);
  }
  return bytes.replace(ESCAPES, (sign) => `\\${sign}`);
}

function stream(entries, content) {
  return `<< ${entries}/Length ${content.length} >>\nstream\n${content}\nendstream`;
}

/** Join numbered objects with the table of their places; each character is one byte. */
function assembled(objects, title) {
  const hex = [...title].flatMap((sign) => [...Array(sign.length).keys()].map((i) => sign.charCodeAt(i).toString(16).padStart(4, "0"))).join("");
  const all = [...objects, `<< /Title <feff${hex}> /Creator (Runicorn) >>`];
  let file = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n";
  const places = all.map((object, i) => {
    const place = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(place).padStart(10, "0")} 00000 n \n`;
  });
  const start = file.length;
  file += `xref\n0 ${all.length + 1}\n0000000000 65535 f \n${places.join("")}`;
  file += `trailer\n<< /Size ${all.length + 1} /Root 1 0 R /Info ${all.length} 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Uint8Array.from(file, (sign) => sign.charCodeAt(0));
}

function round(value) {
  return Math.round(value * 100) / 100;
}
