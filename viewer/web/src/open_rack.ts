/** The picked rack from nearby: covers off, one tray drawn out, its accelerators with their HBM. */
import * as THREE from "three";
import { type Cards, slotGrid } from "./cards";
import { Drawn, type Equipment } from "./equipment";
import type { Models } from "./models";
import { type Paint, stateMaterial } from "./paint";
import type { Group, SceneModel } from "./scene_model";
import type { Element } from "./scene_types";
import type { View } from "./view";

const NEAR = 210; // pixel of the rack's height from which it is opened
const DRAWN_OUT = 0.72; // m
const BENCH = 1.1; // m, height of the tray that is drawn out when none is meant

interface Parts {
  cabinet: Drawn;
  modules: Drawn;
  tray: Drawn | null;
}

export class OpenRack {
  open = false;
  private rack = -1;
  private tray = -1;
  private shades: Uint8Array | null = null;
  private parts: Parts | null = null;
  private material: ReturnType<typeof stateMaterial>;
  private modules: ReturnType<typeof stateMaterial>;
  private place: { group: Group; row: number } | null = null;

  constructor(
    private model: SceneModel, private models: Models, paint: Paint, private scene: THREE.Object3D,
    private equipment: Equipment[], private cards: Map<Group, Cards>, private changed: () => void,
  ) {
    this.material = stateMaterial(paint);
    this.modules = stateMaterial(paint);
  }

  /** Which rack is meant, and in it which tray. */
  select(element: Element | null): void {
    const rack = element?.level === "rack" ? element.index
      : element?.level === "gpu" ? this.model.rackOfGpu(element.index).rack : -1;
    const place = rack < 0 ? null : this.model.placeOf("rack", rack);
    if (!place?.group.product.slots?.length) {
      this.close();
      this.rack = -1;
      return;
    }
    const grid = slotGrid(place.group.product);
    const slot = element!.level === "gpu" ? this.model.rackOfGpu(element!.index).slot : -1;
    const middles = grid.low.map((low, k) => (low + grid.high[k]) / 2);
    const tray = slot >= 0 ? grid.order.findIndex((own) => own.includes(slot))
      : middles.reduce((best, z, k) => (Math.abs(z - BENCH) < Math.abs(middles[best] - BENCH) ? k : best), 0);
    if (rack === this.rack && tray === this.tray) return;
    this.close();
    [this.rack, this.tray, this.place] = [rack, tray, place];
    void this.load(rack, tray);
  }

  private async load(rack: number, tray: number): Promise<void> {
    const { group, row } = this.place!;
    const model = await this.models.get(group.product.id, 2).catch(() => null);
    if (!model?.accelerator || rack !== this.rack || tray !== this.tray) return;
    const one = { ...group, index: group.index.slice(row, row + 1), position: group.position.slice(3 * row, 3 * row + 3),
      cos: group.cos.slice(row, row + 1), sin: group.sin.slice(row, row + 1) };
    const cabinet = new Drawn(model.open, this.material, 1);
    cabinet.place([0], one);
    const slots = group.product.slots!;
    const out = this.isDrawnOut ? new Set(slotGrid(group.product).order[tray]) : new Set<number>();
    const modules = new Drawn(model.accelerator, this.modules, slots.length);
    const spots = this.spots(slots.map((s, k) =>
      [s.position[0], s.position[1] - (out.has(k) ? DRAWN_OUT : 0), s.position[2] - s.size[2] / 2]));
    modules.place(slots.map((_, k) => k), spots);
    let sheet: Drawn | null = null;
    if (model.tray && this.isDrawnOut) {
      const grid = slotGrid(group.product);
      const pitch = Number(group.product.parameters.pitch) || grid.high[tray] - grid.low[tray];
      model.tray.computeBoundingBox();
      const box = model.tray.boundingBox!;
      const front = -group.product.size[1] / 2 + 0.012;
      sheet = new Drawn(model.tray, this.material, 1);
      sheet.place([0], this.spots([[0, front - box.min.y - DRAWN_OUT,
        (grid.low[tray] + grid.high[tray]) / 2 - pitch / 2]]));
    }
    this.parts = { cabinet, modules, tray: sheet };
    for (const part of [cabinet, modules, sheet]) {
      if (!part) continue;
      part.mesh.visible = false;
      this.scene.add(part.mesh);
    }
    this.paint(this.shades);
    this.changed();
  }

  /** Trays are drawn out of liquid-cooled racks: what is in others is seen from outside. */
  private get isDrawnOut(): boolean {
    return this.place?.group.product.mesh === "nvl72-rack";
  }

  /** Points of the rack's own frame as a group of their own. */
  private spots(local: number[][]): Group {
    const { group, row } = this.place!;
    const [c, s] = [group.cos[row], group.sin[row]];
    const [x, y, z] = group.position.subarray(3 * row, 3 * row + 3);
    return {
      ...group, index: Int32Array.from(local, (_, k) => k),
      position: Float32Array.from(local.flatMap(([a, b, h]) => [x + c * a - s * b, y + s * a + c * b, z + h])),
      cos: new Float32Array(local.length).fill(c), sin: new Float32Array(local.length).fill(s),
    };
  }

  /** Shades of all accelerators, or null when another level's channel is shown. */
  paint(shades: Uint8Array | null): void {
    this.shades = shades;
    this.modules.painted.value = shades ? 1 : 0;
    if (!this.parts || !shades) return;
    const first = this.model.firstGpu[this.rack];
    this.parts.modules.paint(shades.subarray(first, this.model.firstGpu[this.rack + 1]));
  }

  /** Open it when it is large enough on the screen. */
  refresh(view: View): void {
    let near = false;
    if (this.parts && this.place) {
      const { group, row } = this.place;
      const [x, y, z] = group.position.subarray(3 * row, 3 * row + 3);
      const tall = group.product.size[2];
      const depth = view.seen(x, y, z + tall / 2, tall);
      near = depth >= 0 && view.pixels(tall, depth) >= NEAR;
    }
    if (near !== this.open) this.setOpen(near);
  }

  private setOpen(open: boolean): void {
    this.open = open;
    if (!this.place) return;
    const { group, row } = this.place;
    const equipment = this.equipment.find((entry) => entry.group === group);
    if (equipment) equipment.hidden = open ? row : -1;
    this.cards.get(group)?.open(row, open ? (this.isDrawnOut ? this.tray : 1e3) : -1);
    for (const part of this.parts ? [this.parts.cabinet, this.parts.modules, this.parts.tray] : [])
      if (part) part.mesh.visible = open;
    this.changed();
  }

  /** How far an accelerator stands, or will stand once opened, in front of its slot [m]. */
  reach(gpu: number): number {
    const { rack } = this.model.rackOfGpu(gpu);
    return rack === this.rack && this.isDrawnOut ? DRAWN_OUT : 0;
  }

  /** How far an accelerator stands in front of its slot now [m]. */
  shift(gpu: number): number {
    if (!this.open || !this.isDrawnOut || !this.place) return 0;
    const { rack, slot } = this.model.rackOfGpu(gpu);
    return rack === this.rack && slotGrid(this.place.group.product).order[this.tray].includes(slot) ? DRAWN_OUT : 0;
  }

  /** The accelerator of the drawn-out tray that a ray hits, and how far away. */
  pick(ray: THREE.Ray): { gpu: number; distance: number } | null {
    if (!this.open || !this.isDrawnOut || !this.place) return null;
    const { group, row } = this.place;
    const [c, s] = [group.cos[row], group.sin[row]];
    const [x, y, z] = group.position.subarray(3 * row, 3 * row + 3);
    const back = new THREE.Matrix4().set(c, s, 0, -c * x - s * y, -s, c, 0, s * x - c * y, 0, 0, 1, -z, 0, 0, 0, 1);
    const local = ray.clone().applyMatrix4(back);
    const [box, at] = [new THREE.Box3(), new THREE.Vector3()];
    let best: { gpu: number; distance: number } | null = null;
    for (const slot of slotGrid(group.product).order[this.tray]) {
      const { position, size } = group.product.slots![slot];
      box.min.set(position[0] - size[0] / 2, position[1] - size[1] / 2 - DRAWN_OUT, position[2] - size[2] / 2);
      box.max.set(position[0] + size[0] / 2, position[1] + size[1] / 2 - DRAWN_OUT, position[2] + size[2] / 2);
      if (!local.intersectBox(box, at)) continue;
      const distance = at.distanceTo(local.origin);
      if (!best || distance < best.distance) best = { gpu: this.model.firstGpu[this.rack] + slot, distance };
    }
    return best;
  }

  private close(): void {
    if (this.open) this.setOpen(false);
    for (const part of this.parts ? [this.parts.cabinet, this.parts.modules, this.parts.tray] : []) {
      if (!part) continue;
      this.scene.remove(part.mesh);
      part.mesh.dispose();
    }
    this.parts = null;
    this.place = null;
    this.tray = -1;
  }

  remove(): void {
    this.close();
    this.material.dispose();
    this.modules.dispose();
  }
}
