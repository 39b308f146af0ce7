/** Charts of several elements over simulated time, one under the other by unit. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Api } from "../api";
import { clock, scaleOf } from "../numbers";
import { css, type Theme } from "../palette";
import type { SceneModel } from "../scene_model";
import type { Channel, Element } from "../scene_types";
import { Series } from "./chart";
import { h, icon, write } from "./dom";

const PERIOD = 800; // ms between looks at the elements
const MOST = 8;
const HEIGHT = 118;
/** Told apart with every common form of colour blindness (Okabe and Ito), on dark and on light. */
const COLOURS = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#b5a900", "#8a8f98"];

interface Pinned {
  path: string;
  channel: Channel;
  series: Series;
  colour: string;
  value: HTMLElement;
}

export class Charts {
  readonly root = h("section", { id: "charts", className: "card", hidden: true });
  private legend = h("ul");
  private plots = h("div", { className: "plots" });
  private pinned: Pinned[] = [];
  private drawn = new Map<string, { plot: uPlot; rows: Pinned[] }>();
  private timer = 0;
  private recorded = true;

  constructor(private api: Api, private model: () => SceneModel, private host: {
    select(element: Element): void; say(text: string, status: string): void; theme(): Theme; changed(): void;
  }) {
    this.root.append(
      h("div", { className: "head" }, h("h2", {}, "Charts"),
        h("button", { type: "button", title: "Take all off", id: "unpin-all", onclick: () => this.clear() }, icon("close"))),
      this.legend, this.plots,
    );
    new ResizeObserver(() => this.resize()).observe(this.root);
  }

  has(path: string, channel: string): boolean {
    return this.pinned.some((pin) => pin.path === path && pin.channel.name === channel);
  }

  get count(): number {
    return this.pinned.length;
  }

  toggle(path: string, channel: Channel): void {
    const here = this.pinned.findIndex((pin) => pin.path === path && pin.channel.name === channel.name);
    if (here >= 0) this.pinned.splice(here, 1);
    else if (this.pinned.length >= MOST) return this.host.say(`at most ${MOST} lines`, "paused");
    else {
      const free = COLOURS.find((colour) => !this.pinned.some((pin) => pin.colour === colour))!;
      const pin = { path, channel, series: new Series(), colour: free, value: h("b") };
      this.pinned.push(pin);
      void this.past(pin);
    }
    this.build();
    void this.look();
  }

  clear(): void {
    this.pinned = [];
    this.build();
  }

  /** What lies behind is another past now (the time was set back, or the layout is another). */
  forget(): void {
    for (const pin of this.pinned) {
      pin.series.samples = [];
      void this.past(pin);
    }
    this.draw();
  }

  private async past(pin: Pinned): Promise<void> {
    if (!this.recorded) return;
    try {
      const { times, values } = await this.api.history(pin.path, pin.channel.name);
      pin.series.before(times, values);
      this.draw();
    } catch {
      this.recorded = false; // this session keeps no past: the line begins now
    }
  }

  private async look(): Promise<void> {
    clearTimeout(this.timer);
    if (!this.pinned.length) return;
    const paths = [...new Set(this.pinned.map((pin) => pin.path))];
    const states = await Promise.all(paths.map((path) => this.api.element(path).catch(() => null)));
    for (const state of states)
      for (const pin of this.pinned) {
        const value = state?.path === pin.path ? state.values[pin.channel.name] : undefined;
        if (!state || value === undefined) continue;
        pin.series.add(state.time, value);
        write(pin.value, scaleOf(pin.channel).text(value));
      }
    this.draw();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.look(), document.hidden ? 5000 : PERIOD);
  }

  /** Begin anew: lines came or went, or the theme changed. */
  build(): void {
    this.root.hidden = !this.pinned.length;
    for (const { plot } of this.drawn.values()) plot.destroy();
    this.drawn.clear();
    this.plots.replaceChildren();
    this.legend.replaceChildren(...this.pinned.map((pin) => h("li", {},
      h("i", { style: `background:${pin.colour}` }),
      h("a", { href: "#", title: pin.path, onclick: (event: Event) => {
        event.preventDefault();
        const element = this.model().find(pin.path);
        if (element) this.host.select(element);
      } }, short(pin.path)), h("span", { className: "muted" }, pin.channel.title), pin.value,
      h("button", { type: "button", title: "Take off", onclick: () => this.toggle(pin.path, pin.channel) }, icon("close")))));
    const groups = new Map<string, Pinned[]>();
    for (const pin of this.pinned) {
      const unit = scaleOf(pin.channel).unit || pin.channel.name;
      groups.set(unit, [...(groups.get(unit) ?? []), pin]);
    }
    for (const [unit, rows] of groups) this.drawn.set(unit, { plot: this.plot(unit, rows), rows });
    this.draw();
    this.host.changed();
  }

  private plot(unit: string, rows: Pinned[]): uPlot {
    const theme = this.host.theme();
    const [ink, grid] = [css(theme.text_muted), css(theme.text_muted, 0.2)];
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const bounds = new Map<number, string>();
    for (const { channel } of rows)
      for (const [name, bound] of [["warning", channel.warning], ["limit", channel.limit]] as const)
        if (bound !== null) bounds.set(bound * scaleOf(channel).factor, css(theme.status[name]));
    return new uPlot({
      width: this.width, height: HEIGHT, legend: { show: false },
      cursor: { sync: { key: "time" }, points: { size: 5 }, drag: { x: true, y: false } },
      scales: { x: { time: false } },
      axes: [
        { ...axis, size: 22, values: (_, splits) => splits.map((t) => clock(t)), space: 80 },
        { ...axis, size: 52, values: (_, splits) => splits.map((v) => String(Number(v.toPrecision(5)))), space: 26 },
      ],
      series: [{}, ...rows.map((pin) => ({ label: pin.path, stroke: pin.colour, width: 1.7, spanGaps: true, points: { show: false } }))],
      hooks: {
        draw: [(plot) => {
          const { ctx } = plot;
          const { left, top, width } = plot.bbox;
          ctx.save();
          ctx.fillStyle = ink;
          ctx.textAlign = "left";
          ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
          ctx.fillText(unit, left + 4, top + 12 * devicePixelRatio);
          ctx.setLineDash([5, 4]);
          for (const [bound, colour] of bounds) {
            const { min, max } = plot.scales.y;
            if (min == null || max == null || bound < min || bound > max) continue;
            const y = plot.valToPos(bound, "y", true);
            ctx.strokeStyle = colour;
            ctx.beginPath();
            ctx.moveTo(left, y);
            ctx.lineTo(left + width, y);
            ctx.stroke();
          }
          ctx.restore();
        }],
      },
    }, [[0]], this.plots);
  }

  private get width(): number {
    return Math.max(200, this.root.clientWidth - 26);
  }

  private resize(): void {
    for (const { plot } of this.drawn.values())
      if (plot.width !== this.width) plot.setSize({ width: this.width, height: HEIGHT });
  }

  private draw(): void {
    for (const { plot, rows } of this.drawn.values()) {
      const tables = rows.map(({ series, channel }) => {
        const { factor } = scaleOf(channel);
        return [series.samples.map((s) => s.time), series.samples.map((s) => (s.value === null ? null : s.value * factor))];
      }) as uPlot.AlignedData[];
      plot.setData(uPlot.join(tables));
    }
  }
}

/** The end of a path: enough to tell it from its neighbours. */
const short = (path: string): string => path.split("/").slice(-2).join("/");
