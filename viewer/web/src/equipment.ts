/** Many elements of one product: one instanced mesh per level of detail, colours in place. */
import * as THREE from "three";
import { boxGeometry, type Models } from "./models";
import { type Paint, stateMaterial } from "./paint";
import type { Group } from "./scene_model";
import type { View } from "./view";

/** Heights [pixel] from which finer models are used, and the most triangles of one product. */
export interface Quality {
  medium: number;
  fine: number;
  medium_triangles: number;
  fine_triangles: number;
}

/** For drawing on a processor, and on a graphics card. */
export const SOFTWARE: Quality = { medium: 26, fine: 230, medium_triangles: 150_000, fine_triangles: 120_000 };
export const HARDWARE: Quality = { medium: 8, fine: 60, medium_triangles: 6e6, fine_triangles: 8e6 };

/** Instances drawn with one geometry: matrices and shades of the rows that are shown. */
export class Drawn {
  readonly mesh: THREE.InstancedMesh;
  readonly shade: THREE.InstancedBufferAttribute;
  rows: Int32Array;

  constructor(geometry: THREE.BufferGeometry, material: THREE.Material, capacity: number) {
    const own = new THREE.BufferGeometry();
    for (const [name, attribute] of Object.entries(geometry.attributes)) own.setAttribute(name, attribute);
    own.setIndex(geometry.index);
    this.shade = new THREE.InstancedBufferAttribute(new Uint8Array(capacity).fill(255), 1);
    this.shade.setUsage(THREE.DynamicDrawUsage);
    own.setAttribute("shade", this.shade);
    this.mesh = new THREE.InstancedMesh(own, material, capacity);
    this.mesh.instanceMatrix.setUsage(THREE.DynamicDrawUsage);
    this.mesh.frustumCulled = false;
    this.mesh.matrixAutoUpdate = false;
    this.mesh.count = 0;
    this.mesh.visible = false;
    this.rows = new Int32Array(0);
  }

  /** Draw these rows of a group. */
  place(rows: number[], group: Group): void {
    const matrices = this.mesh.instanceMatrix.array as Float32Array;
    const count = Math.min(rows.length, this.shade.count);
    for (let k = 0; k < count; k++) {
      const row = rows[k];
      const [c, s] = [group.cos[row], group.sin[row]];
      const at = 16 * k;
      matrices[at] = c; matrices[at + 1] = s; matrices[at + 2] = 0; matrices[at + 3] = 0;
      matrices[at + 4] = -s; matrices[at + 5] = c; matrices[at + 6] = 0; matrices[at + 7] = 0;
      matrices[at + 8] = 0; matrices[at + 9] = 0; matrices[at + 10] = 1; matrices[at + 11] = 0;
      matrices[at + 12] = group.position[3 * row];
      matrices[at + 13] = group.position[3 * row + 1];
      matrices[at + 14] = group.position[3 * row + 2];
      matrices[at + 15] = 1;
    }
    this.rows = Int32Array.from(rows.slice(0, count));
    this.mesh.count = count;
    this.mesh.visible = count > 0;
    this.mesh.instanceMatrix.clearUpdateRanges();
    this.mesh.instanceMatrix.addUpdateRange(0, 16 * count);
    this.mesh.instanceMatrix.needsUpdate = true;
  }

  /** Take the shades of the drawn rows. */
  paint(shades: Uint8Array): void {
    const out = this.shade.array as Uint8Array;
    for (let k = 0; k < this.rows.length; k++) out[k] = shades[this.rows[k]];
    this.shade.clearUpdateRanges();
    this.shade.addUpdateRange(0, this.rows.length);
    this.shade.needsUpdate = true;
  }
}

export class Equipment {
  readonly shades: Uint8Array<ArrayBuffer>;
  readonly material: ReturnType<typeof stateMaterial>;
  private details: (Drawn | null)[] = [null, null, null];
  private triangles = [0, 0, 0];
  private asked = [false, false, false];
  private radius: number;
  private box: Drawn | null; // stands in until the first model is there
  hidden = -1; // row that is drawn otherwise
  only: Uint8Array | null = null; // rows that are drawn; null: all

  constructor(
    readonly group: Group, private models: Models, paint: Paint, private scene: THREE.Object3D,
    private changed: () => void,
  ) {
    this.shades = new Uint8Array(group.index.length).fill(255);
    this.material = stateMaterial(paint);
    this.radius = Math.hypot(...group.product.size) / 2;
    const [w, d, h] = group.product.size;
    const box = boxGeometry([0.5, 0.52, 0.55]).scale(w, d, h).translate(0, 0, h / 2);
    this.details[0] = this.box = new Drawn(box, this.material, group.index.length);
    scene.add(this.box.mesh);
  }

  /** Get a level of detail ready; the others stay as they are. */
  async load(detail: number): Promise<void> {
    if (this.asked[detail]) return;
    this.asked[detail] = true;
    try {
      const model = await this.models.get(this.group.product.id, detail);
      const drawn = new Drawn(model.closed, this.material, this.group.index.length);
      this.triangles[detail] = model.triangles;
      if (detail === 0) this.forgetBox();
      this.details[detail] = drawn;
      this.scene.add(drawn.mesh);
      this.changed();
    } catch (error) {
      this.asked[detail] = false;
      throw error;
    }
  }

  private forgetBox(): void {
    if (!this.box) return;
    this.scene.remove(this.box.mesh);
    this.box.mesh.geometry.dispose();
    this.box.mesh.dispose();
    this.box = null;
  }

  get loading(): boolean {
    return this.asked.some((asked, detail) => asked && (!this.details[detail] || (detail === 0 && this.box)));
  }

  /** Choose levels of detail for a view. */
  refresh(view: View, quality: Quality): void {
    const { position, index, product } = this.group;
    const height = product.size[2];
    const rows: [number[], number[], number[]] = [[], [], []];
    const far: number[] = [];
    const wanted = [0, quality.medium, quality.fine];
    const most = [Infinity, quality.medium_triangles, quality.fine_triangles];
    const candidates: { row: number; depth: number; detail: number }[] = [];
    for (let row = 0; row < index.length; row++) {
      const depth = view.seen(
        position[3 * row], position[3 * row + 1], position[3 * row + 2] + height / 2, this.radius,
      );
      if (depth < 0 || row === this.hidden || this.only?.[row] === 0) continue;
      const tall = view.pixels(Math.max(height, 0.7 * this.radius), depth);
      const detail = tall >= wanted[2] ? 2 : tall >= wanted[1] ? 1 : 0;
      if (detail === 0) far.push(row);
      else candidates.push({ row, depth, detail });
    }
    candidates.sort((a, b) => a.depth - b.depth);
    const used = [0, 0, 0];
    for (const candidate of candidates) {
      let detail = candidate.detail;
      while (detail > 0) {
        const cost = this.triangles[detail] || 1;
        if (used[detail] + cost <= most[detail]) {
          used[detail] += cost;
          break;
        }
        detail -= 1;
      }
      rows[detail].push(candidate.row);
    }
    rows[0].push(...far);
    for (const detail of [2, 1, 0]) {
      if (!rows[detail].length) {
        if (this.details[detail]) this.details[detail]!.mesh.visible = false;
        continue;
      }
      if (!this.details[detail]) {
        void this.load(detail).catch(() => {});
        const instead = [detail - 1, detail - 2, detail + 1, detail + 2].find((d) => this.details[d]);
        if (instead === undefined) continue;
        rows[instead].push(...rows[detail]);
        if (instead > detail) this.draw(instead, rows[instead]);
        continue;
      }
      this.draw(detail, rows[detail]);
    }
  }

  private draw(detail: number, rows: number[]): void {
    this.details[detail]!.place(rows, this.group);
    this.details[detail]!.paint(this.shades);
  }

  /** Show `shades` (one per row of the group), or null: the product's own colours. */
  paint(shades: Uint8Array | null): void {
    this.material.painted.value = shades ? 1 : 0;
    if (shades) this.shades.set(shades);
    for (const drawn of this.details) if (drawn?.mesh.visible) drawn.paint(this.shades);
  }

  remove(): void {
    for (const drawn of this.details) {
      if (!drawn) continue;
      this.scene.remove(drawn.mesh);
      drawn.mesh.dispose();
    }
    this.material.dispose();
  }
}
