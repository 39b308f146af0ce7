/** The stream as the page sees it: newest frame, events, commands with answers. */
import { Column, type Frame, type Packed } from "./decode";
import StreamWorker from "./stream_worker?worker";
import type { Shown, ToWorker } from "./stream_worker";

export interface Hello {
  digest: string;
  session: string;
  speed: number | "max";
  paused: boolean;
  time: number;
  /** First and last time of a recording; null of a simulation. */
  recorded?: [number, number] | null;
}

export interface TwinEvent {
  number?: number;
  time: number;
  path: string;
  kind: string;
  message: string;
}

export interface Answer {
  elements?: number;
  before?: number | null;
  after?: number | null;
  [key: string]: unknown;
}

export class Refused extends Error {}

type Waiting = { resolve: (answer: Answer) => void; reject: (error: Error) => void };

export class Stream {
  connected = false;
  frame: Frame | null = null;
  received = { frames: 0, bytes: 0, decode: 0 };
  onHello: (hello: Hello) => void = () => {};
  onFrame: (frame: Frame) => void = () => {};
  onEvent: (event: TwinEvent) => void = () => {};
  /** Time was set back: some events did not happen any more. */
  onUndone: () => void = () => {};
  onClosed: (code: number, reason: string) => void = () => {};
  onNotice: (text: string) => void = () => {};
  private worker = new StreamWorker();
  private waiting = new Map<number, Waiting>();
  private last = 0;

  constructor() {
    this.worker.onmessage = ({ data }) => this.hear(data);
  }

  open(url: string, token: string | null): void {
    this.post({ type: "open", url, token });
  }

  /** Hear no more. */
  close(): void {
    this.worker.terminate();
    this.connected = false;
  }

  /** What is shown: the worker paints its values. */
  show(shown: Shown | null): void {
    this.post({ type: "shown", shown });
  }

  subscribe(channels: string[], rate = 10): void {
    // nothing is gained by packing what stays on one machine
    const compression = /^(localhost|127\.|\[::1\])/.test(location.hostname) ? "none" : "deflate";
    this.post({ type: "subscribe", message: { type: "subscribe", channels, rate, compression } });
  }

  /** Carry out a command; rejects with the server's words. */
  command(name: string, more: { path?: string; key?: string; value?: unknown } = {}): Promise<Answer> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.post({ type: "send", message: { type: "command", id, name, ...more } });
    });
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private hear(data: any): void {
    if (data.type === "frame") {
      const frame: Frame = { ...data.frame, channels: data.frame.channels.map((packed: Packed) => new Column(packed)) };
      this.frame = frame;
      this.received.frames += 1;
      this.received.bytes += data.bytes;
      this.received.decode = data.milliseconds;
      this.onFrame(frame);
    } else if (data.type === "text") {
      this.text(data.message);
    } else if (data.type === "closed") {
      this.connected = false;
      for (const { reject } of this.waiting.values()) reject(new Refused("connection lost"));
      this.waiting.clear();
      this.onClosed(data.code, data.reason);
    } else if (data.type === "bad") {
      this.onNotice(data.message);
    }
  }

  private text(message: any): void {
    if (message.type === "hello") {
      this.connected = true;
      this.onHello(message);
    } else if (message.type === "event") {
      this.onEvent(message);
    } else if (message.type === "undone") {
      this.onUndone();
    } else if (message.type === "ack" || message.type === "error") {
      const waiting = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if (message.type === "ack") waiting?.resolve(message);
      else {
        const words = [message.message, message.found && `found ${message.found}`,
          message.allowed && `allowed: ${message.allowed}`].filter(Boolean).join("; ");
        if (waiting) waiting.reject(new Refused(words));
        else this.onNotice(words);
      }
    }
  }
}
