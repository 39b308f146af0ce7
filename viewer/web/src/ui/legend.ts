/** Colour bar with ticks in the channel's unit, its limits, and the spread of the values now. */
import { decimalsOf, scaleOf, ticks } from "../numbers";
import { BINS, type Painting } from "../painting";
import { css, shades, type Theme } from "../palette";
import type { Channel } from "../scene_types";
import { h, write } from "./dom";

const HEIGHT = 220;
const BAR = 16;
const SPREAD = 34;

/** How many values there are; of how many elements, where some have none. */
const countOf = ({ known, shades }: Painting): string => {
  const all = shades.length.toLocaleString("en-US");
  return known < shades.length ? `${known.toLocaleString("en-US")} of ${all}` : all;
};

export class Legend {
  readonly root: HTMLElement;
  private title = h("h2");
  private unit = h("div", { className: "muted" });
  private canvas = h("canvas");
  private marks = h("div", { className: "marks" });
  private figures = h("dl");
  private channel: Channel | null = null;
  private theme!: Theme;

  constructor(id = "legend") {
    this.root = h("aside", { id, className: "card legend", hidden: true });
    this.root.append(this.title, this.unit, h("div", { className: "scale" }, this.canvas, this.marks), this.figures);
  }

  show(channel: Channel | null, theme: Theme, words: Record<string, string> = {}): void {
    this.channel = channel;
    this.theme = theme;
    this.root.hidden = !channel;
    if (!channel) return;
    const scale = scaleOf(channel);
    write(this.title, channel.title);
    this.title.title = channel.description;
    write(this.unit, scale.unit === "%" ? "share, %" : scale.unit);
    this.marks.replaceChildren();
    const [low, high] = [channel.low * scale.factor, channel.high * scale.factor];
    const numbers = ticks(low, high);
    const digits = decimalsOf(numbers);
    const at = (value: number) => (1 - (value - low) / (high - low)) * HEIGHT;
    for (const number of numbers) {
      const text = number.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
      this.marks.append(h("span", { className: "tick", style: `top:${at(number)}px` }, text));
    }
    const bounds = [["warning", channel.warning], ["limit", channel.limit]] as const;
    for (const [name, bound] of bounds) {
      if (bound === null || bound < channel.low || bound > channel.high) continue;
      const y = at(bound * scale.factor);
      this.marks.append(h("span", { className: `bound ${name}`, style: `top:${y}px` }, words[name] ?? name));
    }
    this.update(null);
  }

  update(painting: Painting | null): void {
    const { channel } = this;
    if (!channel) return;
    this.draw(painting);
    const scale = scaleOf(channel);
    const rows: [string, string][] = !painting?.known ? []
      : painting.shades.length === 1 ? [["now", scale.text(painting.mean)]]
      : [["highest", scale.text(painting.most)], ["mean", scale.text(painting.mean)], ["lowest", scale.text(painting.least)],
        ["elements", countOf(painting)]];
    this.tell(rows);
  }

  /** Figures under the bar: what, and how much. */
  tell(rows: [string, string][]): void {
    while (this.figures.children.length > 2 * rows.length) this.figures.lastChild!.remove();
    rows.forEach(([caption, text], k) => {
      if (!this.figures.children[2 * k]) this.figures.append(h("dt"), h("dd"));
      write(this.figures.children[2 * k] as HTMLElement, caption);
      write(this.figures.children[2 * k + 1] as HTMLElement, text);
    });
  }

  private draw(painting: Painting | null): void {
    const { channel, canvas, theme } = this;
    if (!channel) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    canvas.width = (SPREAD + BAR) * ratio;
    canvas.height = HEIGHT * ratio;
    const draw = canvas.getContext("2d")!;
    draw.scale(ratio, ratio);
    const table = shades(channel.colormap ?? channel.colours, theme.missing);
    for (let y = 0; y < HEIGHT; y++) {
      const k = 4 * Math.round((1 - (y + 0.5) / HEIGHT) * 254);
      draw.fillStyle = `rgb(${table[k]},${table[k + 1]},${table[k + 2]})`;
      draw.fillRect(SPREAD, y, BAR, 1.5);
    }
    for (const [name, bound] of [["warning", channel.warning], ["limit", channel.limit]] as const) {
      if (bound === null || bound < channel.low || bound > channel.high) continue;
      draw.fillStyle = css(theme.status[name]);
      draw.fillRect(SPREAD - 4, (1 - (bound - channel.low) / (channel.high - channel.low)) * HEIGHT - 1, BAR + 4, 2.5);
    }
    if (!painting || painting.shades.length < 2) return;
    const counts = painting.spread;
    const most = Math.max(...counts);
    draw.fillStyle = css(theme.text_muted);
    counts.forEach((count, k) => {
      if (!count) return;
      const wide = Math.max(1, Math.sqrt(count / most) * (SPREAD - 6));
      draw.fillRect(SPREAD - 4 - wide, HEIGHT - ((k + 1) * HEIGHT) / BINS, wide, HEIGHT / BINS - 1);
    });
  }
}
