/** The one-line diagram of a site as it is now; a click on a symbol picks what it stands for. */
import { type Api, HttpError } from "../api";
import type { SceneModel } from "../scene_model";
import type { Element } from "../scene_types";
import { h, icon } from "./dom";

const PERIOD = 2000; // ms between looks
const LEAST = 0.72; // scale at which its words can still be read

export class OneLineCard {
  readonly root = h("section", { id: "one-line", className: "card", hidden: true });
  private sheet = h("div", { className: "sheet" });
  private site = h("select", { "aria-label": "Site" });
  private timer = 0;

  constructor(private api: Api, private host: { model(): SceneModel; go(element: Element): void; close(): void }) {
    this.site.addEventListener("change", () => void this.look());
    this.root.append(
      h("div", { className: "head" }, h("h2", {}, "Power, now"), this.site,
        h("span", { className: "muted" }, "click a symbol to see it in the factory"),
        h("button", { type: "button", title: "Close (w)", onclick: () => host.close() }, icon("close"))),
      this.sheet,
    );
    this.sheet.addEventListener("click", (event) => {
      const path = (event.target as globalThis.Element).closest<SVGGElement>("[data-path]")?.dataset.path;
      const element = path ? this.nearest(path) : null;
      if (element) host.go(element);
    });
  }

  /** The element of a path, or what holds it where it does not stand in the scene. */
  private nearest(path: string): Element | null {
    const model = this.host.model();
    for (let at = path; at; at = at.slice(0, at.lastIndexOf("/"))) {
      const found = model.find(at);
      if (found && model.box(found)) return found;
    }
    return null;
  }

  get on(): boolean {
    return !this.root.hidden;
  }

  toggle(): void {
    this.root.hidden = !this.root.hidden;
    clearTimeout(this.timer);
    if (!this.on) return;
    const names = this.host.model().raw.levels.site?.names ?? [];
    this.site.replaceChildren(...names.map((name, k) => h("option", { value: String(k) }, name)));
    this.site.hidden = names.length < 2;
    void this.look();
  }

  /** As large as there is room, but legible. */
  private fit(): void {
    const svg = this.sheet.querySelector("svg");
    if (!svg) return;
    const { width, height } = svg.viewBox.baseVal;
    const scale = Math.min(1.2, Math.max(LEAST, this.sheet.clientWidth / width));
    svg.setAttribute("width", String(scale * width));
    svg.setAttribute("height", String(scale * height));
  }

  private async look(): Promise<void> {
    clearTimeout(this.timer);
    if (!this.on) return;
    let wait = PERIOD;
    try {
      const text = await this.api.oneLine(Number(this.site.value) || 0);
      const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
      const place = [this.sheet.scrollLeft, this.sheet.scrollTop];
      const fresh = !this.sheet.querySelector("svg");
      this.sheet.replaceChildren(document.importNode(svg, true));
      this.fit();
      if (fresh) place[0] = (this.sheet.scrollWidth - this.sheet.clientWidth) / 2;
      [this.sheet.scrollLeft, this.sheet.scrollTop] = place;
    } catch (error) {
      if (error instanceof HttpError && error.status !== 503) {
        this.sheet.replaceChildren(h("p", { className: "muted" }, error.message));
        wait *= 5;
      } // else the banner tells of a lost connection
    }
    clearTimeout(this.timer);
    if (this.on) this.timer = window.setTimeout(() => void this.look(), document.hidden ? 10_000 : wait);
  }
}
