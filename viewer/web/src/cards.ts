/**
 * Every accelerator of every rack as a cell on the cabinet's faces. The values are one texture with
 * a byte per accelerator, so 260,000 of them cost an upload of 260 kB per frame and nothing else.
 * On front and rear a tray's accelerators lie side by side; the lid is the front laid flat. Racks of
 * a few pixels have the colour of their mean.
 */
import * as THREE from "three";
import type { Paint } from "./paint";
import type { Group, Product } from "./scene_model";

const WIDTH = 1024;
const BINS = 256;
const HIDDEN = -2; // of a row that is not drawn
const STAND_OFF = 0.007;

/** Values of all accelerators, shared by the cards of all products. */
export class Accelerators {
  readonly texture: THREE.DataTexture;

  constructor(count: number) {
    const rows = Math.max(1, Math.ceil(count / WIDTH));
    this.texture = new THREE.DataTexture(
      new Uint8Array(WIDTH * rows).fill(255), WIDTH, rows, THREE.RedFormat, THREE.UnsignedByteType,
    );
    this.texture.unpackAlignment = 1;
    this.texture.needsUpdate = true;
  }

  paint(shades: Uint8Array): void {
    const data = this.texture.image.data as Uint8Array;
    data.set(shades.subarray(0, data.length));
    this.texture.needsUpdate = true;
  }
}

/** Trays of a rack from bottom to top; in each the slots by column, then from front to rear. */
export interface SlotGrid {
  order: number[][];
  lines: number;
  columns: number;
  low: number[];
  high: number[];
}

export function slotGrid(product: Product): SlotGrid {
  const trays = new Map<string, number[]>();
  const slots = product.slots ?? [];
  slots.forEach((slot, k) => {
    const name = slot.name.split("/")[0];
    trays.set(name, [...(trays.get(name) ?? []), k]);
  });
  const height = (k: number) => slots[k].position[2];
  const sorted = [...trays.values()].sort((a, b) => height(a[0]) - height(b[0]));
  const most = Math.max(...sorted.map((tray) => tray.length));
  const linesOf = (tray: number[]) => new Set(tray.map((k) => slots[k].position[1].toFixed(3))).size;
  const counts = new Set(sorted.map(linesOf));
  let lines = counts.size === 1 ? [...counts][0] : 1;
  if (most % lines || sorted.some((tray) => tray.length !== most)) lines = 1;
  const columns = most / lines;
  const order = sorted.map((tray) => {
    const rows = [...tray].sort((a, b) =>
      slots[a].position[1] - slots[b].position[1] || slots[a].position[0] - slots[b].position[0]);
    while (rows.length < most) rows.push(rows[rows.length - 1]);
    // column by column, each from front to rear
    return Array.from({ length: most }, (_, k) => rows[(k % lines) * columns + Math.floor(k / lines)]);
  });
  const middle = sorted.map((tray) => height(tray[0]));
  const gaps = middle.slice(1).map((z, k) => z - middle[k]).sort((a, b) => a - b);
  const half = 0.47 * (gaps.length ? gaps[gaps.length >> 1] : product.size[2] / 2);
  return { order, lines, columns, low: middle.map((z) => z - half), high: middle.map((z) => z + half) };
}

export class Cards {
  readonly mesh: THREE.InstancedMesh;
  private means: THREE.InstancedBufferAttribute;
  private opened: THREE.InstancedBufferAttribute;

  constructor(private group: Group, firstGpu: Int32Array, accelerators: Accelerators, paint: Paint) {
    const grid = slotGrid(group.product);
    const geometry = shell(group.product.size, grid);
    const count = group.index.length;
    const first = Float32Array.from(group.index, (rack) => firstGpu[rack]);
    this.means = new THREE.InstancedBufferAttribute(new Uint8Array(count).fill(255), 1);
    geometry.setAttribute("first", new THREE.InstancedBufferAttribute(first, 1));
    geometry.setAttribute("mean", this.means);
    this.opened = new THREE.InstancedBufferAttribute(new Float32Array(count).fill(-1), 1);
    geometry.setAttribute("opened", this.opened);
    this.mesh = new THREE.InstancedMesh(geometry, cardMaterial(grid, group.product, accelerators, paint), count);
    this.mesh.frustumCulled = false;
    const matrix = new THREE.Matrix4();
    for (let row = 0; row < count; row++) {
      const [c, s] = [group.cos[row], group.sin[row]];
      const [x, y, z] = group.position.subarray(3 * row, 3 * row + 3);
      matrix.set(c, -s, 0, x, s, c, 0, y, 0, 0, 1, z, 0, 0, 0, 1);
      this.mesh.setMatrixAt(row, matrix);
    }
    this.mesh.visible = false;
  }

  /** Shades of the racks' means, by row of the group; null hides the cards. */
  paint(means: Uint8Array | null): void {
    this.mesh.visible = means !== null;
    if (!means) return;
    (this.means.array as Uint8Array).set(means);
    this.means.needsUpdate = true;
  }

  /** Show a rack as opened: its front and rear alone, without the tray that is drawn out; -1: as closed. */
  open(row: number, tray: number): void {
    (this.opened.array as Float32Array)[row] = tray;
    this.opened.needsUpdate = true;
  }

  /** Draw these rows alone; null: all. */
  isolate(rows: Uint8Array | null): void {
    const opened = this.opened.array as Float32Array;
    for (let row = 0; row < opened.length; row++) {
      if (rows?.[row] === 0) opened[row] = HIDDEN;
      else if (opened[row] === HIDDEN) opened[row] = -1;
    }
    this.opened.needsUpdate = true;
  }

  /** The accelerator under a point of a rack's surface, in the rack's own frame; -1 when none. */
  at(grid: SlotGrid, local: THREE.Vector3): number {
    const [w, d, h] = this.group.product.size;
    const top = local.z > h - 0.01;
    const z = top ? (local.y / d + 0.5) * (grid.high.at(-1)! - grid.low[0]) + grid.low[0] : local.z;
    const tray = grid.low.findIndex((low, k) => z >= low && z <= grid.high[k]);
    if (tray < 0) return -1;
    const rear = !top && local.y > d / 2 - 0.05;
    const share = Math.min(0.9999, Math.max(0, local.x / w + 0.5));
    const cells = grid.order[tray];
    if (!top && !rear && local.y > -d / 2 + 0.05) {
      const line = Math.min(grid.lines - 1, Math.floor((local.y / d + 0.5) * grid.lines));
      return cells[(local.x < 0 ? 0 : grid.columns - 1) * grid.lines + line];
    }
    return cells[Math.floor(share * cells.length)];
  }
}

function shell(size: [number, number, number], grid: SlotGrid): THREE.BufferGeometry {
  const [w, d, h] = [size[0] / 2, size[1] / 2 + STAND_OFF, size[2] + STAND_OFF];
  const side = w + 0.002;
  const [z0, z1] = [grid.low[0], grid.high.at(-1)!];
  const position: number[] = [];
  const uv: number[] = [];
  const normal: number[] = [];
  const face: number[] = [];
  const index: number[] = [];
  const quad = (kind: number, n: number[], corners: number[][], uvs: number[][]) => {
    const at = face.length;
    corners.forEach((corner, k) => {
      position.push(...corner);
      uv.push(...uvs[k]);
      normal.push(...n);
      face.push(kind);
    });
    index.push(at, at + 1, at + 2, at, at + 2, at + 3);
  };
  const flat = [[0, z0], [1, z0], [1, z1], [0, z1]];
  quad(0, [0, -1, 0], [[-w, -d, z0], [w, -d, z0], [w, -d, z1], [-w, -d, z1]], flat);
  quad(1, [0, 1, 0], [[w, d, z0], [-w, d, z0], [-w, d, z1], [w, d, z1]], [[1, z0], [0, z0], [0, z1], [1, z1]]);
  quad(2, [-1, 0, 0], [[-side, d, z0], [-side, -d, z0], [-side, -d, z1], [-side, d, z1]],
    [[1, z0], [0, z0], [0, z1], [1, z1]]);
  quad(3, [1, 0, 0], [[side, -d, z0], [side, d, z0], [side, d, z1], [side, -d, z1]], flat);
  quad(4, [0, 0, 1], [[-w, -d, h], [w, -d, h], [w, d, h], [-w, d, h]], flat);
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute("position", new THREE.Float32BufferAttribute(position, 3));
  geometry.setAttribute("normal", new THREE.Float32BufferAttribute(normal, 3));
  geometry.setAttribute("uv", new THREE.Float32BufferAttribute(uv, 2));
  geometry.setAttribute("face", new THREE.Float32BufferAttribute(face, 1));
  geometry.setIndex(index);
  return geometry;
}

const VERTEX = `
#include <clipping_planes_pars_vertex>
attribute float face; attribute float first; attribute float mean; attribute float opened;
varying vec2 vPlace; varying float vLight;
flat varying float vFace; flat varying float vFirst; flat varying float vMean; flat varying float vOpened;
void main() {
  vPlace = uv; vFace = face; vFirst = first; vMean = mean; vOpened = opened;
  vec3 n = normalize(mat3(instanceMatrix) * normal);
  vLight = 0.80 + 0.12 * n.z + 0.08 * dot(n, normalize(vec3(-0.5, -0.8, 0.3)));
  vec4 mvPosition = modelViewMatrix * instanceMatrix * vec4(position, 1.0);
  gl_Position = projectionMatrix * mvPosition;
  #include <clipping_planes_vertex>
}`;

const FRAGMENT = `
precision highp float; precision highp sampler2D;
#include <clipping_planes_pars_fragment>
uniform sampler2D values; uniform sampler2D table; uniform sampler2D trays; uniform sampler2D slots;
uniform vec2 grid; uniform float height;
varying vec2 vPlace; varying float vLight;
flat varying float vFace; flat varying float vFirst; flat varying float vMean; flat varying float vOpened;
void main() {
  #include <clipping_planes_fragment>
  if (vOpened < -1.5 || (vOpened > -0.5 && vFace > 1.5)) discard;
  vec4 tray = texelFetch(trays, ivec2(int(clamp(vPlace.y / height, 0.0, 0.9999) * ${BINS}.0), 0), 0);
  bool beside = vFace > 1.5 && vFace < 3.5;
  float cells = beside ? grid.x : grid.x * grid.y;
  float u = clamp(vPlace.x, 0.0, 0.9999) * cells;
  float across = fwidth(vPlace.x) * cells;
  float up = fwidth(vPlace.y) / 0.045;
  vec3 average = texelFetch(table, ivec2(int(vMean + 0.5), 0), 0).rgb;
  vec3 colour = average;
  float near = 1.0 - smoothstep(0.35, 0.9, max(across, up));
  if (tray.x >= 0.0) {
    if (vOpened > -0.5 && abs(tray.x - vOpened) < 0.5) discard;
    float cell = floor(u);
    if (beside) cell = (vFace < 2.5 ? 0.0 : grid.y - 1.0) * grid.x + cell;
    float slot = texelFetch(slots, ivec2(int(cell), int(tray.x + 0.5)), 0).r;
    int gpu = int(vFirst + slot + 0.5);
    float shade = texelFetch(values, ivec2(gpu % ${WIDTH}, gpu / ${WIDTH}), 0).r * 255.0;
    vec3 own = texelFetch(table, ivec2(int(shade + 0.5), 0), 0).rgb;
    float inTray = (vPlace.y - tray.y) / (tray.z - tray.y);
    float inCell = fract(u);
    // nearby the equipment shows between the cells
    float gap = 1.0 - smoothstep(0.04, 0.30, up);
    float wide = 1.0 - smoothstep(0.02, 0.12, across);
    if (abs(inTray - 0.5) > 0.5 - 0.19 * gap || abs(inCell - 0.5) > 0.5 - 0.06 * wide) discard;
    colour = mix(average, own, near);
  } else if (near > 0.2) {
    discard;
  }
  gl_FragColor = vec4(colour * vLight, 1.0);
  #include <colorspace_fragment>
}`;

function cardMaterial(
  grid: SlotGrid, product: Product, accelerators: Accelerators, paint: Paint,
): THREE.ShaderMaterial {
  const trays = new Float32Array(BINS * 4).fill(-1);
  for (let bin = 0; bin < BINS; bin++) {
    const z = ((bin + 0.5) / BINS) * product.size[2];
    const tray = grid.low.findIndex((low, k) => z >= low && z <= grid.high[k]);
    if (tray >= 0) trays.set([tray, grid.low[tray], grid.high[tray], 0], 4 * bin);
  }
  const cells = grid.lines * grid.columns;
  const slots = Float32Array.from(grid.order.flat());
  const table = (data: Float32Array, width: number, height: number, format: THREE.PixelFormat) => {
    const texture = new THREE.DataTexture(data as Float32Array<ArrayBuffer>, width, height, format, THREE.FloatType);
    texture.needsUpdate = true;
    return texture;
  };
  return new THREE.ShaderMaterial({
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    uniforms: {
      values: { value: accelerators.texture },
      table: paint.table,
      trays: { value: table(trays, BINS, 1, THREE.RGBAFormat) },
      slots: { value: table(slots, cells, grid.order.length, THREE.RedFormat) },
      grid: { value: new THREE.Vector2(grid.lines, grid.columns) },
      height: { value: product.size[2] },
    },
    clipping: true, polygonOffset: true, polygonOffsetFactor: -1, polygonOffsetUnits: -1,
  });
}
