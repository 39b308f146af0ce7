/** Title and figures of the whole factory across the top. */
import type { Frame } from "../decode";
import { clock, prefixed } from "../numbers";
import type { Element } from "../scene_types";
import { h, write } from "./dom";

type Figure = {
  caption: string;
  text: (frame: Frame, faults: number) => string;
  status?: (frame: Frame) => string;
  /** Channel whose highest value it is: the element that has it is named and gone to. */
  highest?: string;
};

const has = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);
const kpi = (key: string, format: (value: number) => string) => (frame: Frame) =>
  has(frame.kpi[key]) ? format(frame.kpi[key]) : "";

const FIGURES: Figure[] = [
  { caption: "simulated time", text: (frame) => clock(frame.time) },
  {
    caption: "speed",
    text: (frame) => (frame.paused ? "paused" : frame.speed > 0 ? `${frame.speed.toFixed(frame.speed < 10 ? 1 : 0)} x` : "..."),
    status: (frame) => (frame.paused ? "paused" : ""),
  },
  { caption: "IT power", text: kpi("it_power_w", (v) => prefixed(v, "W")) },
  { caption: "facility power", text: kpi("facility_power_w", (v) => prefixed(v, "W")) },
  { caption: "PUE", text: kpi("pue", (v) => v.toFixed(3)) },
  {
    caption: "hottest GPU", text: kpi("max_gpu_temperature_c", (v) => `${v.toFixed(1)} °C`),
    status: (frame) => {
      const value = frame.kpi.max_gpu_temperature_c;
      return value >= 92 ? "limit" : value >= 87 ? "warning" : "";
    },
    highest: "rack.temperature",
  },
  {
    caption: "throttled", text: kpi("throttled_gpu_fraction", (v) => `${(100 * v).toFixed(2)}%`),
    status: (frame) => (frame.kpi.throttled_gpu_fraction > 0 ? "warning" : ""),
  },
  {
    caption: "GPUs off", text: (frame) => (frame.kpi.off_gpu_fraction > 0 ? `${(100 * frame.kpi.off_gpu_fraction).toFixed(2)}%` : ""),
    status: () => "warning",
  },
  { caption: "faults", text: (_, faults) => (faults ? String(faults) : ""), status: () => "limit" },
  { caption: "tokens/s", text: kpi("tokens_per_s", (v) => prefixed(v, "token/s").replace(/\s*tokens\/s/, "")) },
];

/** The element with the highest value of a channel, where the frame holds that. */
function placeOf(frame: Frame, channel: string): Element | null {
  const column = frame.channels.find((one) => one.name === channel);
  if (!column) return null;
  let row = -1;
  column.values.forEach((value, k) => { if (value > (row < 0 ? -Infinity : column.values[row])) row = k; });
  return row < 0 ? null : { level: column.packed.level, index: column.packed.start + row };
}

export class Strip {
  readonly root = h("header", { id: "strip" });
  private title = h("h1");
  private cells = FIGURES.map(({ caption }) => {
    const value = h("b");
    const root = h("div", { className: "figure", hidden: true, title: caption }, h("span", {}, caption), value);
    root.dataset.figure = caption;
    return { value, root };
  });

  private places = new Map<string, Element>();

  constructor(private pathOf: (element: Element) => string, go: (element: Element) => void) {
    FIGURES.forEach(({ caption, highest }, k) => {
      if (highest) this.cells[k].root.addEventListener("click", () => {
        const place = this.places.get(caption);
        if (place) go(place);
      });
    });
    this.root.append(this.title, h("div", { className: "figures" }, ...this.cells.map((cell) => cell.root)));
  }

  setTitle(title: string): void {
    write(this.title, title);
    document.title = `${title} - AI factory twin`;
  }

  update(frame: Frame, faults: number): void {
    FIGURES.forEach((figure, k) => {
      const { value, root } = this.cells[k];
      const text = figure.text(frame, faults);
      root.hidden = !text;
      write(value, text);
      value.className = figure.status?.(frame) ?? "";
      if (figure.highest) this.place(figure.caption, root, placeOf(frame, figure.highest));
    });
  }

  private place(caption: string, root: HTMLElement, place: Element | null): void {
    if (place) this.places.set(caption, place);
    else this.places.delete(caption);
    root.title = place ? `${caption}: ${this.pathOf(place)}` : caption;
    root.classList.toggle("link", !!place);
  }
}
