/** The picked element: its path, values, a chart of one of them, set points and faults. */
import type { Api, Control, ElementState } from "../api";
import { beyond, scaleFor, scaleOf } from "../numbers";
import type { Theme } from "../palette";
import type { SceneModel } from "../scene_model";
import type { Channel, Element } from "../scene_types";
import type { Answer } from "../stream";
import { Chart, Series } from "./chart";
import { h, icon, write } from "./dom";

const PERIOD = 700; // ms between looks at the element

export interface Host {
  select(element: Element | null): void;
  fly(): void;
  say(text: string, status: string): void;
  command(name: string, more: object): Promise<Answer>;
  showChannel(name: string): void;
  pin(path: string, channel: Channel): void;
  pinned(path: string, channel: string): boolean;
}

const words = (key: string) => key.replaceAll("_", " ").replaceAll("-", " ");

export class ElementCard {
  readonly root = h("section", { id: "element", className: "card", hidden: true });
  private head = h("div", { className: "head" });
  private what = h("div", { className: "muted what" });
  private values = h("table", { className: "values" });
  private chart = new Chart();
  private operate = h("div", { className: "operate" });
  private tabs = { values: h("div"), operate: h("div") };
  private element: Element | null = null;
  private path = "";
  private rows = new Map<string, { value: HTMLElement; row: HTMLElement }>();
  private inputs = new Map<string, HTMLInputElement>();
  private present = new Map<string, HTMLElement>();
  private series = new Map<string, Series>();
  private charted: Channel | null = null;
  private timer = 0;
  private asked = 0;
  private recorded = true;

  constructor(private api: Api, private model: SceneModel, private controls: Control[], private host: Host,
    private theme: () => Theme) {
    const tab = (name: "values" | "operate", text: string) =>
      h("button", { className: "tab", type: "button", onclick: () => this.open(name), "data-tab": name }, text);
    this.tabs.values.append(this.values, this.chart.root);
    this.tabs.operate.append(this.operate);
    this.root.append(
      this.head, this.what, h("nav", { className: "tabs" }, tab("values", "Values"), tab("operate", "Operate")),
      this.tabs.values, this.tabs.operate,
    );
    this.open("values");
  }

  setModel(model: SceneModel, controls: Control[]): void {
    this.model = model;
    this.controls = controls;
  }

  /** The past is another one now: the time was set back. */
  forget(): void {
    this.series.clear();
    if (this.element && this.charted) void this.past(this.path, this.charted);
  }

  private open(name: "values" | "operate"): void {
    for (const [key, node] of Object.entries(this.tabs)) node.hidden = key !== name;
    for (const button of this.root.querySelectorAll<HTMLElement>(".tab"))
      button.classList.toggle("on", button.dataset.tab === name);
  }

  show(element: Element | null): void {
    this.element = element;
    this.root.hidden = !element;
    clearTimeout(this.timer);
    this.rows.clear();
    this.series.clear();
    this.values.replaceChildren();
    if (!element) return;
    this.path = this.model.path(element);
    this.head.replaceChildren(this.crumbs(element),
      h("button", { type: "button", title: "Fly to it (f)", onclick: () => this.host.fly() }, icon("target")),
      h("button", { type: "button", title: "Close (Esc)", onclick: () => this.host.select(null) }, icon("close")));
    const standing = element.level === "gpu" ? this.model.parent(element)! : element;
    const product = this.model.placeOf(standing.level, standing.index)?.group.product;
    write(this.what, element.level === "gpu" ? `accelerator of ${product?.title ?? "a rack"}`
      : product?.title ?? words(element.level));
    const channels = this.model.channels.filter((channel) => channel.level === element.level);
    this.charted = channels.find((c) => c.name === this.charted?.name)
      ?? channels.find((c) => c.name.endsWith(".temperature")) ?? channels[0] ?? null;
    for (const channel of channels) this.addRow(channel);
    if (!channels.length) this.values.append(h("tr", {}, h("td", { className: "muted" }, "no values of its own")));
    this.chart.root.hidden = !channels.length;
    this.buildControls(element);
    void this.look();
    const path = this.path;
    if (this.charted) void this.past(path, this.charted);
  }

  private crumbs(element: Element): HTMLElement {
    const chain: Element[] = [];
    for (let at: Element | null = element; at; at = this.model.parent(at)) chain.unshift(at);
    const nav = h("div", { className: "path", title: this.path });
    chain.forEach((at, k) => {
      const parent = k ? this.model.path(chain[k - 1]) : "";
      const name = this.model.path(at).slice(parent.length + 1);
      nav.append("/", h("a", { href: "#", onclick: (event: Event) => {
        event.preventDefault();
        this.host.select(at);
      } }, name));
    });
    return nav;
  }

  private addRow(channel: Channel): void {
    const value = h("td", { className: "value" }, "...");
    const row = h("tr", { title: `${channel.description}. Click: chart; double click: colour by it`,
      onclick: () => {
        this.charted = channel;
        this.draw();
        void this.past(this.path, channel);
      },
      ondblclick: () => this.host.showChannel(channel.name) },
    h("td", {}, channel.title), value, h("td", {}, h("button", { type: "button", className: "pin", "data-pin": channel.name,
      title: "Chart beside others", onclick: (event: Event) => {
        event.stopPropagation();
        this.host.pin(this.path, channel);
      } }, icon("pin"))));
    row.dataset.channel = channel.name;
    this.rows.set(channel.name, { value, row });
    this.values.append(row);
  }

  /** Ask for the element's values, now and then again. */
  async look(): Promise<void> {
    clearTimeout(this.timer);
    if (!this.element) return;
    const [path, ticket] = [this.path, ++this.asked];
    try {
      const state = await this.api.element(path);
      if (ticket === this.asked && path === this.path) this.take(state);
    } catch {
      // the banner tells of a lost connection
    }
    if (ticket === this.asked && this.element)
      this.timer = window.setTimeout(() => void this.look(), document.hidden ? 5000 : PERIOD);
  }

  private take(state: ElementState): void {
    for (const [name, value] of Object.entries(state.values)) {
      const channel = this.model.channel(name);
      const row = this.rows.get(name);
      if (!channel || !row) continue;
      write(row.value, scaleOf(channel).text(value));
      row.value.className = `value ${["", "warning", "limit"][beyond(channel, value)]}`;
      let series = this.series.get(name);
      if (!series) this.series.set(name, (series = new Series()));
      series.add(state.time, value);
    }
    for (const [key, node] of this.present) {
      const value = state.controls[key];
      write(node, value === null || value === undefined ? "" : `now ${this.controlText(key, value)}`);
      const input = this.inputs.get(key);
      if (input?.type === "number" && document.activeElement !== input && !input.dataset.changed && value !== null && value !== undefined)
        input.value = String(Number(value.toPrecision(6)));
    }
    this.draw();
  }

  private controlText(key: string, value: number): string {
    const control = this.controls.find((c) => c.key === key && c.kind === "set" && c.level === this.element?.level);
    const scale = scaleFor(control?.unit ?? "", value, 4);
    return control?.unit ? scale.text(value) : String(Number(value.toPrecision(4)));
  }

  private async past(path: string, channel: Channel): Promise<void> {
    if (!this.recorded) return;
    try {
      const { times, values } = await this.api.history(path, channel.name);
      if (path !== this.path) return;
      const series = this.series.get(channel.name) ?? new Series();
      this.series.set(channel.name, series);
      series.before(times, values);
      this.draw();
    } catch {
      this.recorded = false; // the chart begins now
    }
  }

  draw(): void {
    if (!this.charted || !this.element) return;
    for (const [name, { row }] of this.rows) {
      row.classList.toggle("charted", name === this.charted.name);
      row.classList.toggle("pinned", this.host.pinned(this.path, name));
    }
    this.chart.draw(this.charted, this.series.get(this.charted.name) ?? new Series(), this.theme());
  }

  private buildControls(element: Element): void {
    this.inputs.clear();
    this.present.clear();
    this.operate.replaceChildren();
    const faults = this.controls.filter((c) => c.kind === "fault" && c.level === element.level);
    const sets = this.controls.filter((c) => c.kind === "set" && c.level === element.level);
    if (!faults.length && !sets.length) {
      this.operate.append(h("p", { className: "muted" }, `A ${words(element.level)} has no faults or set points of its own. `
        + "Pick one of its parts, or something above it in the path."));
      return;
    }
    if (faults.length) this.operate.append(h("h3", {}, "Faults"));
    for (const fault of faults)
      this.operate.append(h("div", { className: "control", title: fault.description },
        h("span", {}, words(fault.key), h("small", {}, fault.description)),
        h("button", { type: "button", className: "danger", "data-inject": fault.key,
          onclick: () => this.run("inject", fault.key) }, "inject"),
        h("button", { type: "button", "data-clear": fault.key, onclick: () => this.run("clear", fault.key) }, "clear")));
    if (sets.length) this.operate.append(h("h3", {}, "Set points and switches"));
    for (const control of sets) {
      const input = control.example
        ? h("input", { type: "text", placeholder: control.example, "data-set": control.key, "aria-label": words(control.key) })
        : h("input", { type: "number", step: "any", "data-set": control.key, min: control.low ?? undefined, max: control.high ?? undefined,
          "aria-label": words(control.key) });
      const present = h("small");
      const range = control.example ? `such as ${control.example}` : control.high === null || control.high === undefined ? `from ${control.low}` : `${control.low} to ${control.high}`;
      const unit = control.unit && !control.example ? scaleFor(control.unit, 1).unit || control.unit : "";
      const go = () => {
        const value = control.example ? input.value.trim() : input.valueAsNumber;
        if (value === "") return;
        if (Number.isNaN(value)) { // also what a browser makes of text such as "4,2"
          this.host.say(`${words(control.key)}: not a number`, "limit");
          return;
        }
        delete input.dataset.changed;
        void this.run("set", control.key, value);
      };
      input.addEventListener("input", () => { input.dataset.changed = "1"; });
      input.addEventListener("keydown", (event) => { if (event.key === "Enter") go(); });
      this.inputs.set(control.key, input);
      this.present.set(control.key, present);
      this.operate.append(h("div", { className: "control", title: `${control.description}; ${range} ${unit}` },
        h("span", {}, words(control.key), h("small", {}, `${range} ${unit}`), present), input,
        h("button", { type: "button", onclick: go }, "set")));
    }
  }

  private async run(name: string, key: string, value?: number | string): Promise<void> {
    const path = this.path;
    try {
      const answer = await this.host.command(name, value === undefined ? { path, key } : { path, key, value });
      const count = Number(answer.elements ?? 1);
      this.host.say(`${name} ${words(key)} at ${path}${count > 1 ? ` (${count} elements)` : ""}`, "ok");
      void this.look();
    } catch (error) {
      this.host.say((error as Error).message, "limit");
    }
  }
}
