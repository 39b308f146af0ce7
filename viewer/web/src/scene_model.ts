/** The scene description as arrays: what stands where and what it is called. */
import type { Channel, Element, RawProduct, RawScene } from "./scene_types";

export interface Product extends RawProduct {
  id: string;
}

/** All elements of one level that are one product. */
export interface Group {
  level: string;
  product: Product;
  index: Int32Array;
  /** x, y, z of every footprint's centre. */
  position: Float32Array;
  cos: Float32Array;
  sin: Float32Array;
}

export interface Box {
  low: [number, number, number];
  high: [number, number, number];
}

export class SceneModel {
  readonly groups: Group[];
  readonly firstGpu: Int32Array;
  readonly channels: Channel[];
  private byChannel: Map<string, Channel>;
  private places = new Map<string, { group: Int16Array; row: Int32Array }>();

  constructor(readonly raw: RawScene) {
    this.firstGpu = Int32Array.from(raw.rack_first_gpu.length ? raw.rack_first_gpu : [0]);
    this.channels = raw.channels;
    this.byChannel = new Map(raw.channels.map((channel) => [channel.name, channel]));
    this.groups = raw.instances
      .filter((entry) => entry.index.length)
      .map((entry) => ({
        level: entry.level,
        product: { ...raw.products[entry.product], id: entry.product },
        index: Int32Array.from(entry.index),
        position: Float32Array.from(entry.position.flat()),
        cos: Float32Array.from(entry.yaw, (yaw) => Math.cos((yaw * Math.PI) / 180)),
        sin: Float32Array.from(entry.yaw, (yaw) => Math.sin((yaw * Math.PI) / 180)),
      }));
    this.groups.forEach((group, number) => {
      let place = this.places.get(group.level);
      if (!place) {
        const count = this.count(group.level);
        place = { group: new Int16Array(count).fill(-1), row: new Int32Array(count).fill(-1) };
        this.places.set(group.level, place);
      }
      for (let row = 0; row < group.index.length; row++) {
        place.group[group.index[row]] = number;
        place.row[group.index[row]] = row;
      }
    });
  }

  get title(): string {
    return this.raw.title || this.raw.name;
  }

  channel(name: string | null): Channel | null {
    return (name && this.byChannel.get(name)) || null;
  }

  count(level: string): number {
    if (level === "gpu") return this.firstGpu[this.firstGpu.length - 1];
    return this.raw.levels[level]?.count ?? 0;
  }

  /** Channels whose level has elements. */
  get shownChannels(): Channel[] {
    return this.channels.filter((channel) => this.count(channel.level) > 0);
  }

  groupsOf(level: string): Group[] {
    return this.groups.filter((group) => group.level === level);
  }

  /** Group and row in it of an element that stands somewhere. */
  placeOf(level: string, index: number): { group: Group; row: number } | null {
    const place = this.places.get(level);
    if (!place || index < 0 || index >= place.group.length || place.group[index] < 0) return null;
    return { group: this.groups[place.group[index]], row: place.row[index] };
  }

  /** Rack that holds an accelerator, and its slot there. */
  rackOfGpu(gpu: number): { rack: number; slot: number } {
    let [low, high] = [0, this.firstGpu.length - 2];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.firstGpu[middle] <= gpu) low = middle;
      else high = middle - 1;
    }
    return { rack: low, slot: gpu - this.firstGpu[low] };
  }

  path({ level, index }: Element): string {
    if (level === "gpu") {
      const { rack, slot } = this.rackOfGpu(index);
      const name = this.placeOf("rack", rack)?.group.product.slots?.[slot]?.name ?? `gpu-${slot + 1}`;
      return `${this.path({ level: "rack", index: rack })}/${name}`;
    }
    const table = this.raw.levels[level];
    const name = table.names?.[index] ?? String(index);
    if (!table.parent) return `/${name}`;
    return `${this.path({ level: table.parent, index: table.parent_index![index] })}/${name}`;
  }

  name({ level, index }: Element): string {
    return this.path({ level, index }).split("/").pop()!;
  }

  parent({ level, index }: Element): Element | null {
    if (level === "gpu") return { level: "rack", index: this.rackOfGpu(index).rack };
    const table = this.raw.levels[level];
    return table.parent ? { level: table.parent, index: table.parent_index![index] } : null;
  }

  /** The element of `level` that holds an element, or is it. */
  ancestor(element: Element | null, level: string): number | null {
    for (let at = element; at; at = this.parent(at)) if (at.level === level) return at.index;
    return null;
  }

  /** For every row of `level` its ancestor's row in `above`; null when there is none. */
  ancestors(level: string, above: string): Int32Array | null {
    let rows = Int32Array.from({ length: this.count(level) }, (_, k) => k);
    let name: string | null = level;
    while (name && name !== above) {
      const table: { parent: string | null; parent_index?: number[] } = this.raw.levels[name];
      if (!table.parent || !table.parent_index) return null;
      rows = rows.map((row) => table.parent_index![row]);
      name = table.parent;
    }
    return name === above ? rows : null;
  }

  find(path: string): Element | null {
    const parts = path.split("/").filter(Boolean);
    let at: Element | null = null;
    for (let used = 0; used < parts.length; used++) {
      const next = this.step(at, parts[used]);
      if (next) {
        at = next;
        continue;
      }
      if (at?.level !== "rack") return null;
      const slot = this.placeOf("rack", at.index)?.group.product.slots
        ?.findIndex((s) => s.name === parts.slice(used).join("/"));
      return slot === undefined || slot < 0 ? null : { level: "gpu", index: this.firstGpu[at.index] + slot };
    }
    return at;
  }

  private step(at: Element | null, name: string): Element | null {
    for (const [level, table] of Object.entries(this.raw.levels)) {
      if (table.parent !== (at?.level ?? null) || !table.names) continue;
      for (let row = 0; row < table.names.length; row++)
        if (table.names[row] === name && (!at || table.parent_index![row] === at.index))
          return { level, index: row };
    }
    return null;
  }

  /** Elements whose paths contain all words, best first. */
  search(text: string, most = 12): Element[] {
    const words = text.toLowerCase().split(/[\s/]+/).filter(Boolean);
    if (!words.length) return [];
    const exact = this.find(text);
    const out: Element[] = exact ? [exact] : [];
    for (const [level, table] of Object.entries(this.raw.levels)) {
      if (level === "gpu" || !table.names) continue;
      for (let row = 0; row < table.names.length && out.length < 400; row++) {
        if (!words.some((word) => table.names![row].toLowerCase().includes(word))) continue;
        const path = this.path({ level, index: row }).toLowerCase();
        if (words.every((word) => path.includes(word))) out.push({ level, index: row });
      }
    }
    const seen = new Set<string>();
    return out
      .filter((e) => !seen.has(`${e.level} ${e.index}`) && seen.add(`${e.level} ${e.index}`))
      .map((element, order) => ({ element, order: element === exact ? -1 : order,
        length: this.path(element).length }))
      .sort((a, b) => (a.order < 0 ? -1 : b.order < 0 ? 1 : a.length - b.length || a.order - b.order))
      .slice(0, most)
      .map(({ element }) => element);
  }

  /** Axis-aligned box of an element; of a container, of what it holds. Null without a place. */
  box({ level, index }: Element): Box | null {
    if (level === "gpu") {
      const { rack, slot } = this.rackOfGpu(index);
      const place = this.placeOf("rack", rack);
      const own = place?.group.product.slots?.[slot];
      if (!place || !own) return null;
      return this.worldBox(place.group, place.row, own.position, own.size, own.position[2] - own.size[2] / 2);
    }
    const place = this.placeOf(level, index);
    if (place) return this.worldBox(place.group, place.row, [0, 0, 0], place.group.product.size, 0);
    const boxes: Box[] = this.raw.structures
      .filter((s) => s.level === level && s.index === index && s.kind !== "label")
      .map((s) => ({ low: [...s.position], high: s.position.map((p, k) => p + s.size[k]) as Box["low"] }));
    for (const run of this.raw.busways)
      if (run.level === level && run.index === index) boxes.push(boxOf(run.points, run.size[0] / 2));
    for (const [child, table] of Object.entries(this.raw.levels)) {
      if (table.parent !== level || !table.parent_index) continue;
      table.parent_index.forEach((parent, row) => {
        const box = parent === index ? this.box({ level: child, index: row }) : null;
        if (box) boxes.push(box);
      });
    }
    if (!boxes.length) return null;
    return {
      low: [0, 1, 2].map((k) => Math.min(...boxes.map((b) => b.low[k]))) as Box["low"],
      high: [0, 1, 2].map((k) => Math.max(...boxes.map((b) => b.high[k]))) as Box["low"],
    };
  }

  private worldBox(group: Group, row: number, local: number[], size: number[], base: number): Box {
    const [c, s] = [group.cos[row], group.sin[row]];
    const [x, y, z] = group.position.subarray(3 * row, 3 * row + 3);
    const [cx, cy] = [x + c * local[0] - s * local[1], y + s * local[0] + c * local[1]];
    const wide = (Math.abs(c) * size[0] + Math.abs(s) * size[1]) / 2;
    const deep = (Math.abs(s) * size[0] + Math.abs(c) * size[1]) / 2;
    return { low: [cx - wide, cy - deep, z + base], high: [cx + wide, cy + deep, z + base + size[2]] };
  }
}

function boxOf(points: number[][], margin: number): Box {
  return {
    low: [0, 1, 2].map((k) => Math.min(...points.map((p) => p[k])) - margin) as Box["low"],
    high: [0, 1, 2].map((k) => Math.max(...points.map((p) => p[k])) + margin) as Box["low"],
  };
}
