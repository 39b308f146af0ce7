/** One value over simulated time. */
import { decimalsOf, scaleOf, ticks } from "../numbers";
import { css, type Theme } from "../palette";
import type { Channel } from "../scene_types";
import { h } from "./dom";

const MOST = 900;
const [WIDTH, HEIGHT] = [292, 96];

export interface Sample {
  time: number;
  value: number | null;
}

/** Keeps the newest samples in order; a sample before the last one begins anew (a rewind). */
export class Series {
  samples: Sample[] = [];

  add(time: number, value: number | null): void {
    const last = this.samples.at(-1);
    if (last && time < last.time) this.samples = this.samples.filter((sample) => sample.time < time);
    if (last && time === last.time) this.samples.pop();
    this.samples.push({ time, value });
    if (this.samples.length > MOST) this.samples = this.samples.filter((_, k) => k % 2 || k > MOST / 2);
  }

  /** Put an earlier past before what is known. */
  before(times: number[], values: (number | null)[]): void {
    const first = this.samples[0]?.time ?? Infinity;
    const past = times.map((time, k) => ({ time, value: values[k] })).filter((sample) => sample.time < first);
    this.samples = [...past, ...this.samples];
  }
}

export class Chart {
  readonly root = h("canvas", { className: "chart", role: "img" });

  draw(channel: Channel, series: Series, theme: Theme): void {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const canvas = this.root;
    [canvas.width, canvas.height] = [WIDTH * ratio, HEIGHT * ratio];
    const draw = canvas.getContext("2d")!;
    draw.scale(ratio, ratio);
    draw.font = "10.5px system-ui, sans-serif";
    const samples = series.samples.filter((s) => s.value !== null) as { time: number; value: number }[];
    canvas.setAttribute("aria-label", `${channel.title} over time`);
    draw.fillStyle = css(theme.text_muted);
    if (samples.length < 2) {
      draw.fillText("collecting values...", 8, HEIGHT / 2);
      return;
    }
    const scale = scaleOf(channel);
    let low = Math.min(...samples.map((s) => s.value)) * scale.factor;
    let high = Math.max(...samples.map((s) => s.value)) * scale.factor;
    const least = Math.max(8 * channel.resolution, 0.01 * (channel.high - channel.low)) * scale.factor;
    if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
    const pad = 0.08 * (high - low);
    [low, high] = [low - pad, high + pad];
    const [t0, t1] = [samples[0].time, samples.at(-1)!.time];
    const numbers = ticks(low, high, 4);
    const digits = decimalsOf(numbers);
    const labels = numbers.map((n) => n.toFixed(digits));
    const left = Math.max(...labels.map((text) => draw.measureText(text).width)) + 8;
    const x = (time: number) => left + ((time - t0) / Math.max(t1 - t0, 1e-9)) * (WIDTH - left - 6);
    const y = (value: number) => 6 + (1 - (value - low) / (high - low)) * (HEIGHT - 24);
    draw.strokeStyle = css(theme.text_muted, 0.25);
    draw.textBaseline = "middle";
    draw.textAlign = "right";
    numbers.forEach((number, k) => {
      draw.beginPath();
      draw.moveTo(left, y(number));
      draw.lineTo(WIDTH - 6, y(number));
      draw.stroke();
      draw.fillText(labels[k], left - 5, y(number));
    });
    for (const [name, bound] of [["warning", channel.warning], ["limit", channel.limit]] as const) {
      if (bound === null || bound * scale.factor < low || bound * scale.factor > high) continue;
      draw.strokeStyle = css(theme.status[name], 0.9);
      draw.setLineDash([4, 3]);
      draw.beginPath();
      draw.moveTo(left, y(bound * scale.factor));
      draw.lineTo(WIDTH - 6, y(bound * scale.factor));
      draw.stroke();
      draw.setLineDash([]);
    }
    draw.strokeStyle = css(theme.selection);
    draw.lineWidth = 1.6;
    draw.lineJoin = "round";
    draw.beginPath();
    samples.forEach((sample, k) => {
      const [px, py] = [x(sample.time), y(sample.value * scale.factor)];
      if (k) draw.lineTo(px, py);
      else draw.moveTo(px, py);
    });
    draw.stroke();
    draw.textBaseline = "alphabetic";
    draw.textAlign = "left";
    const span = t1 - t0;
    const words = span < 120 ? `${span.toFixed(0)} s` : span < 7200 ? `${(span / 60).toFixed(0)} min` : `${(span / 3600).toFixed(1)} h`;
    draw.fillText(`last ${words} (simulated)`, left, HEIGHT - 4);
  }
}
