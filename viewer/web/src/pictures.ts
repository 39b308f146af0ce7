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

const FILM_RATE = 30; // pictures a second
const FORMATS = ["video/webm;codecs=vp8", "video/webm;codecs=vp9", "video/webm", "video/mp4"]; // the cheapest first

/** Films the view while it runs. */
export class Film {
  private recorder: MediaRecorder | null = null;
  private parts: Blob[] = [];
  private timer = 0;

  constructor(private app: App) {}

  get on(): boolean {
    return this.recorder !== null;
  }

  toggle(): void {
    if (this.recorder) {
      this.recorder.stop();
      return;
    }
    const { app } = this;
    const format = typeof MediaRecorder === "undefined" ? undefined : FORMATS.find((own) => MediaRecorder.isTypeSupported(own));
    if (!format) {
      app.banner.say("this browser cannot film", "limit");
      return;
    }
    this.parts = [];
    const recorder = new MediaRecorder(app.canvas.captureStream(FILM_RATE), { mimeType: format, videoBitsPerSecond: 12e6 });
    recorder.ondataavailable = ({ data }) => { if (data.size) this.parts.push(data); };
    recorder.onerror = () => app.banner.say("filming failed", "limit");
    recorder.onstop = () => {
      this.recorder = null;
      clearInterval(this.timer);
      for (const track of recorder.stream.getTracks()) track.stop();
      app.press();
      if (!this.parts.length) app.banner.say("nothing was filmed", "limit");
      else download(app, new Blob(this.parts, { type: format }), `twin-${stamp()}.${format.slice(6, 10).replace(";", "")}`);
    };
    recorder.start(1000);
    this.timer = window.setInterval(() => app.drawing.again(), 1000 / FILM_RATE); // a film goes on where nothing moves
    this.recorder = recorder;
    app.drawing.again();
    app.banner.say("filming; V ends it and saves the film", "ok");
    app.press();
  }
}
