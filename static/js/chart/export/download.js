/** Download a file that the page made. */

export function download(chart, extension, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${document.body.dataset.run ?? "chart"}-${chart.name.replace(/[^\p{L}\p{N}._-]+/gu, "_")}.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
