/** Download a file that the page made. */

import { make } from "../../dom.js";

export function download(chart, extension, blob) {
  const name = `${document.body.dataset.run ?? "chart"}-${chart.name.replace(/[^\p{L}\p{N}._-]+/gu, "_")}`;
  const link = make("a", { href: URL.createObjectURL(blob), download: `${name}.${extension}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
