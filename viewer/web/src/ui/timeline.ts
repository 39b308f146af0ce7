/** A line of time with its events: hover tells, a click or drag goes there. */
import { clock } from "../numbers";
import { css, type Theme } from "../palette";
import type { TwinEvent } from "../stream";
import { h } from "./dom";

const HEIGHT = 26;

export class Timeline {
  readonly root = h("div", { id: "timeline", role: "slider", tabindex: "0", "aria-label": "Time" });
  private canvas = h("canvas");
  private tip = h("div", { id: "moment", hidden: true });
  private events: TwinEvent[] = [];
  private begin = 0;
  private end = 1;
  private now = 0;
  private recorded = false;
  private dragged: number | null = null;
  private asked = 0;

  constructor(private host: { seek(time: number): void; theme(): Theme }) {
    this.root.append(this.canvas, this.tip);
    this.root.addEventListener("pointermove", (event) => this.hover(event));
    this.root.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.root.setPointerCapture(event.pointerId);
      this.drag(event);
    });
    this.root.addEventListener("pointerup", (event) => {
      if (this.dragged === null) return;
      const time = this.snap(event);
      this.dragged = null;
      this.host.seek(time);
      this.draw();
    });
    this.root.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      this.host.seek(this.clamped(this.now + (step * (this.end - this.begin)) / 100));
    });
    new ResizeObserver(() => this.draw()).observe(this.root);
  }

  /** Ends of the time that can be gone to; of a simulation it grows with the time. */
  setRange(recorded: [number, number] | null, now: number): void {
    this.recorded = recorded !== null;
    [this.begin, this.end] = recorded ?? [0, Math.max(now, 1)];
    this.root.title = this.recorded ? "" : "Going back drops what came after: it is computed anew";
    this.update(now);
  }

  setEvents(events: TwinEvent[]): void {
    this.events = events;
    this.draw();
  }

  update(time: number): void {
    this.now = time;
    if (!this.recorded) this.end = Math.max(this.end, time, 1);
    this.root.setAttribute("aria-valuenow", String(time));
    this.root.setAttribute("aria-valuetext", clock(time));
    this.draw();
  }

  /** A simulation was set back: what came after is no more. */
  forgetAfter(time: number): void {
    if (!this.recorded) this.end = Math.max(time, 1);
  }

  /** Time of the next (1) or the last (-1) event from here; null when there is none. */
  event(step: number): number | null {
    const times = this.events.map((event) => event.time);
    const found = step > 0 ? times.filter((t) => t > this.now + 1e-6) : times.filter((t) => t < this.now - 1e-6);
    if (!found.length) return null;
    return step > 0 ? Math.min(...found) : Math.max(...found);
  }

  private clamped(time: number): number {
    return Math.min(this.end, Math.max(this.begin, time));
  }

  private timeAt(event: PointerEvent): number {
    const box = this.root.getBoundingClientRect();
    return this.clamped(this.begin + ((event.clientX - box.left) / box.width) * (this.end - this.begin));
  }

  private nearest(time: number): TwinEvent | null {
    const reach = (5 / Math.max(1, this.root.clientWidth)) * (this.end - this.begin);
    let best: TwinEvent | null = null;
    for (const event of this.events)
      if (Math.abs(event.time - time) <= reach && (!best || Math.abs(event.time - time) < Math.abs(best.time - time))) best = event;
    return best;
  }

  private snap(event: PointerEvent): number {
    const time = this.timeAt(event);
    return this.clamped(this.nearest(time)?.time ?? time);
  }

  private hover(pointer: PointerEvent): void {
    if (this.dragged !== null) this.drag(pointer);
    const time = this.timeAt(pointer);
    const event = this.nearest(time);
    this.tip.hidden = false;
    this.tip.textContent = event ? `${clock(event.time)}  ${event.message}  ${event.path}` : clock(time);
    const box = this.root.getBoundingClientRect();
    this.tip.style.left = `${pointer.clientX - box.left}px`;
  }

  private drag(event: PointerEvent): void {
    this.dragged = this.snap(event);
    this.draw();
    // a recording follows the hand; a simulation is set back once, when it is let go
    if (this.recorded && performance.now() - this.asked > 120) {
      this.asked = performance.now();
      this.host.seek(this.dragged);
    }
  }

  draw(): void {
    const width = this.root.clientWidth;
    if (!width) return;
    const [ratio, theme] = [Math.min(2, devicePixelRatio || 1), this.host.theme()];
    [this.canvas.width, this.canvas.height] = [width * ratio, HEIGHT * ratio];
    const draw = this.canvas.getContext("2d")!;
    draw.scale(ratio, ratio);
    const x = (time: number) => ((time - this.begin) / Math.max(this.end - this.begin, 1e-9)) * width;
    const here = x(this.dragged ?? this.now);
    draw.fillStyle = css(theme.text_muted, 0.3);
    draw.fillRect(0, 16, width, 3);
    draw.fillStyle = css(theme.selection);
    draw.fillRect(0, 16, here, 3);
    for (const event of this.events) {
      const bad = /inject|throttling|limit|trip|shed/.test(event.kind);
      draw.fillStyle = css(bad ? theme.status[event.kind === "inject" ? "limit" : "warning"]
        : event.kind === "clear" ? theme.status.ok : theme.text_muted);
      draw.fillRect(Math.min(width - 2, Math.max(0, x(event.time) - 1)), 6, 2, 8);
    }
    draw.fillStyle = css(theme.text);
    draw.beginPath();
    draw.arc(Math.min(width - 6, Math.max(6, here)), 17.5, 5.5, 0, 7);
    draw.fill();
  }
}
