/** Stages of one accelerator's heat with their numbers, hottest first. */
import type { Api } from "../api";
import type { Way } from "../heat_path";
import { beyond, scaleOf } from "../numbers";
import { shades, type Theme } from "../palette";
import type { SceneModel } from "../scene_model";
import type { Element } from "../scene_types";
import { h, icon, write } from "./dom";

const PERIOD = 900; // ms between looks
const [COLD, HOT] = [0, 100]; // degC, ends of the colours beside the stages

export class HeatCard {
  readonly root = h("section", { id: "heat", className: "card", hidden: true });
  private timer = 0;
  private ticket = 0;

  constructor(private api: Api, private host: { select(element: Element): void; close(): void; numbers(texts: Map<string, string>): void }, private theme: () => Theme) {}

  show(model: SceneModel, way: Way | null): void {
    clearTimeout(this.timer);
    this.ticket += 1;
    this.root.hidden = !way;
    if (!way) return;
    const gpu: Element = { level: "gpu", index: way.rows.get("gpu")! };
    const list = h("ol");
    const rows = way.stages.map((stage) => {
      const element: Element = { level: stage.level, index: way.rows.get(stage.level)! };
      const temperature = h("b", {}, "...");
      const chip = h("i");
      const others = h("small");
      const item = h("li", { title: model.path(element), onclick: () => this.host.select(element) }, chip,
        h("span", {}, stage.title, h("em", { className: "muted" }, stage.level === "gpu" ? "" : ` ${model.name(element)}`)),
        temperature, others);
      item.dataset.channel = stage.temperature;
      list.append(item);
      return { stage, element, temperature, others, chip };
    });
    this.root.replaceChildren(
      h("div", { className: "head" }, h("h2", {}, "From die to outdoor air"),
        h("button", { type: "button", title: "Close (k)", onclick: () => this.host.close() }, icon("close"))),
      h("div", { className: "muted path" }, model.path(gpu)), list,
    );
    const ticket = this.ticket;
    const paths = [...new Set(rows.flatMap(({ stage, element }) => [model.path(element),
      ...[stage.temperature, ...stage.others].map((name) => name.split(".")[0])
        .filter((level) => level !== element.level && way.rows.has(level))
        .map((level) => model.path({ level, index: way.rows.get(level)! }))]))];
    const look = async (): Promise<void> => {
      const values: Record<string, number | null> = {};
      const answers = await Promise.all(paths.map((path) => this.api.element(path).catch(() => null)));
      if (ticket !== this.ticket) return;
      for (const answer of answers) Object.assign(values, answer?.values ?? {});
      const texts = new Map<string, string>();
      const table = shades("thermal", this.theme().missing);
      for (const { stage, temperature, others, chip } of rows) {
        const channel = model.channel(stage.temperature);
        const value = values[stage.temperature];
        if (channel) {
          const text = scaleOf(channel).text(value);
          write(temperature, text);
          if (!texts.has(stage.level)) texts.set(stage.level, `${stage.title}  ${text}`);
          temperature.className = ["", "warning", "limit"][beyond(channel, value)];
          const shade = 4 * Math.round(254 * Math.min(1, Math.max(0, ((value ?? COLD) - COLD) / (HOT - COLD))));
          chip.style.background = `rgb(${table[shade]},${table[shade + 1]},${table[shade + 2]})`;
        }
        write(others, stage.others.map((name) => {
          const own = model.channel(name);
          return own && values[name] !== undefined ? `${own.title} ${scaleOf(own).text(values[name])}` : "";
        }).filter(Boolean).join(" · "));
      }
      this.host.numbers(texts);
      this.timer = window.setTimeout(() => void look(), document.hidden ? 5000 : PERIOD);
    };
    void look();
  }
}
