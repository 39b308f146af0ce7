/** Pictures of the view as files. */
import type { App } from "./app";
import { h } from "./ui/dom";

const KEPT = 10_000; // ms that a file's address stays valid after its download began

function stamp(): string {
  return new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}

function download(app: App, blob: Blob, name: string): void {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
  app.banner.say(`saved ${name}`, "ok");
}

export function savePicture(app: App): void {
  app.drawing.render();
  app.canvas.toBlob((blob) => { if (blob) download(app, blob, `twin-${stamp()}.png`); });
}
