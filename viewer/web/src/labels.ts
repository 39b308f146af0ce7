/** Names over things: which are shown, and where, so that none covers another. */
import type { SceneModel } from "./scene_model";
import type { Element } from "./scene_types";
import type { View } from "./view";

const MOST = 44;

interface Label {
  text: string;
  element: Element | null;
  at: [number, number, number];
  tall: number;
  least: number;
  most: number;
  priority: number;
  kind: string;
}

const LEAST: Record<string, number> = { rack: 90, cdu: 84, panel: 96 };
const PRIORITY: Record<string, number> = { cdu: 3, cooler: 3, chiller: 3, rack: 4, crah: 4, pump: 6, panel: 6 };

/** A label that comes and goes with something shown, before all others. */
export interface Extra {
  text: string;
  at: [number, number, number];
}

export class Labels {
  on = true;
  extra: Extra[] = [];
  measured: Extra[] = [];
  only: ((element: Element) => boolean) | null = null; // of which elements; null: of all
  private all: Label[] = [];
  private pool: HTMLDivElement[] = [];

  constructor(model: SceneModel, private root: HTMLElement) {
    const sites = model.count("site") > 1;
    const seen = new Set<string>();
    for (const s of [...model.raw.structures].sort((a, b) => Number(b.kind === "hall") - Number(a.kind === "hall"))) {
      const key = `${s.level} ${s.index} ${s.title}`;
      if (!s.title || seen.has(key) || s.kind === "floor" || s.kind === "label") continue;
      if (s.kind === "slab" && !(s.level === "site" && sites && s.title !== "electrical yard")) continue;
      seen.add(key);
      const slab = s.kind === "slab";
      this.all.push({
        text: s.title, element: { level: s.level, index: s.index },
        at: [s.position[0] + s.size[0] / 2, s.position[1] + (slab ? 0 : s.size[1] / 2), s.position[2] + s.size[2] + 0.4],
        tall: Math.max(s.size[0], s.size[1]), least: slab ? 60 : 70, most: s.kind === "hall" ? 1500 : 2600,
        priority: slab ? 0 : s.kind === "hall" ? 1 : 2, kind: slab || s.kind === "hall" ? "place" : "room",
      });
    }
    for (const group of model.groups) {
      const size = group.product.size;
      const names = model.raw.levels[group.level].names ?? [];
      for (let row = 0; row < group.index.length; row++)
        this.all.push({
          text: names[group.index[row]] ?? "", element: { level: group.level, index: group.index[row] },
          at: [group.position[3 * row], group.position[3 * row + 1], group.position[3 * row + 2] + size[2] + 0.16],
          tall: Math.max(size[2], 0.5), least: LEAST[group.level] ?? 46, most: 4000,
          priority: PRIORITY[group.level] ?? 5, kind: "thing",
        });
    }
    const rows = model.raw.levels.row;
    const racks = model.raw.levels.rack;
    if (rows?.names && racks?.parent_index) {
      const first = new Map<number, number>();
      racks.parent_index.forEach((row, rack) => { if (!first.has(row)) first.set(row, rack); });
      for (const [row, rack] of first) {
        const place = model.placeOf("rack", rack);
        if (!place) continue;
        const [x, y, z] = place.group.position.subarray(3 * place.row, 3 * place.row + 3);
        this.all.push({
          text: rows.names[row], element: { level: "row", index: row }, at: [x, y, z + place.group.product.size[2] + 0.7],
          tall: 2.4, least: 20, most: 190, priority: 2, kind: "row",
        });
      }
    }
    this.all.sort((a, b) => a.priority - b.priority);
  }

  /** Place the labels for a view; `taken` are rectangles they must leave free. */
  refresh(view: View, taken: DOMRect[], value: (element: Element) => string | null,
    hidden: (x: number, y: number, z: number) => boolean,
    blocked: (x: number, y: number, z: number) => boolean): void {
    const boxes = taken.map((r) => [r.left, r.top, r.right, r.bottom]);
    const chosen: { label: Label; x: number; y: number; text: string }[] = [];
    for (const { text, at } of [...this.measured, ...this.extra]) {
      const depth = view.seen(...at, 0.1);
      if (depth <= 0.3) continue;
      const [x, y] = view.project(...at);
      const wide = text.length * 6.6 + 16;
      const box = [x - wide / 2 - 3, y - 24, x + wide / 2 + 3, y + 2];
      if (boxes.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1])) continue;
      boxes.push(box);
      chosen.push({ label: { text, element: null, at, tall: 0, least: 0, most: 0, priority: 0, kind: "heat" }, x, y, text });
    }
    if (this.on) {
      const candidates: { label: Label; x: number; y: number; depth: number }[] = [];
      for (const label of this.all) {
        if (this.only && label.element && !this.only(label.element)) continue;
        const depth = view.seen(...label.at, 0.1);
        if (depth <= 0.3) continue;
        const tall = view.pixels(label.tall, depth);
        if (tall < label.least || tall > label.most) continue;
        if (hidden(...label.at)) continue;
        const [x, y] = view.project(...label.at);
        candidates.push({ label, x, y, depth });
      }
      candidates.sort((a, b) => a.label.priority - b.label.priority || a.depth - b.depth);
      for (const { label, x, y } of candidates) {
        if (chosen.length >= MOST) break;
        const shown = label.element ? value(label.element) : null;
        const text = shown ? `${label.text}  ${shown}` : label.text;
        const wide = text.length * (label.kind === "place" ? 8.2 : 6.6) + 16;
        const box = [x - wide / 2 - 3, y - 24, x + wide / 2 + 3, y + 2];
        if (box[0] < 2 || box[2] > view.width - 2 || box[1] < 2 || box[3] > view.height) continue;
        if (boxes.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1])) continue;
        if (label.kind === "thing" && blocked(...label.at)) continue;
        boxes.push(box);
        chosen.push({ label, x, y, text });
      }
    }
    while (this.pool.length < chosen.length) {
      const node = document.createElement("div");
      this.root.append(node);
      this.pool.push(node);
    }
    this.pool.forEach((node, k) => {
      const entry = chosen[k];
      node.hidden = !entry;
      if (!entry) return;
      if (node.textContent !== entry.text) node.textContent = entry.text;
      node.className = `label ${entry.label.kind}`;
      node.style.transform = `translate(${entry.x.toFixed(1)}px, ${entry.y.toFixed(1)}px) translate(-50%, -100%)`;
    });
  }

  remove(): void {
    for (const node of this.pool) node.remove();
  }
}
