/** The drawn factory: everything of one scene description, painted by frames. */
import * as THREE from "three";
import type { Api } from "./api";
import { AirLayer } from "./air";
import { Accelerators, Cards } from "./cards";
import type { Column, Frame } from "./decode";
import { Equipment, type Quality } from "./equipment";
import { FaultMarks, type Faults } from "./faults";
import { Flow } from "./flow";
import { HeatLine, line, type Way } from "./heat_path";
import { Models } from "./models";
import { beyond } from "./numbers";
import { OpenRack } from "./open_rack";
import { Paint } from "./paint";
import { type Painting, paintingOf } from "./painting";
import { shadesOf, type Theme } from "./palette";
import { Busways, Pipes } from "./routes";
import type { Box, Group, SceneModel } from "./scene_model";
import type { Channel, Element } from "./scene_types";
import { Surroundings } from "./surroundings";
import { belonging } from "./tools/isolate";
import type { View } from "./view";

const MOST_MARKS = 4000;

export class FactoryView {
  readonly models: Models;
  readonly paint = new Paint();
  readonly cards = new Map<Group, Cards>();
  channel: Channel | null = null;
  painting: Painting | null = null;
  private column: Column | null = null;
  readonly flow: Flow;
  readonly opened: OpenRack;
  readonly faultMarks: FaultMarks;
  readonly air: AirLayer;
  private heat: HeatLine;
  private equipment: Equipment[];
  private accelerators: Accelerators;
  private pipes: Pipes;
  private busways: Busways;
  private surroundings!: Surroundings;
  private outline: THREE.LineSegments;
  private outlines = new THREE.Group();
  private services = new THREE.Group(); // pipes, busways and what runs along them
  private only = new Map<string, Uint8Array>(); // rows that are drawn, by level; empty: all
  private marks: THREE.Points;
  private above = new Map<string, Int32Array | null>();
  private lights: THREE.Light[] = [];

  constructor(
    readonly model: SceneModel, api: Api, readonly scene: THREE.Scene, theme: Theme,
    readonly software: boolean, private anisotropy: number, private changed: () => void,
  ) {
    this.models = new Models(api, model.raw.digest);
    this.equipment = model.groups.map((group) => new Equipment(group, this.models, this.paint, scene, changed));
    this.accelerators = new Accelerators(model.count("gpu"));
    for (const group of model.groupsOf("rack")) {
      if (!group.product.slots?.length) continue;
      const cards = new Cards(group, model.firstGpu, this.accelerators, this.paint);
      this.cards.set(group, cards);
      scene.add(cards.mesh);
    }
    scene.add(this.services, this.outlines);
    this.pipes = new Pipes(model, this.services, software);
    this.busways = new Busways(model, this.paint, this.services);
    this.flow = new Flow(model, this.services);
    this.opened = new OpenRack(model, this.models, this.paint, scene, this.equipment, this.cards, changed);
    this.faultMarks = new FaultMarks(scene);
    this.heat = new HeatLine(scene);
    this.air = new AirLayer(model.raw.aisles ?? [], theme, scene);
    const edges = new THREE.EdgesGeometry(new THREE.BoxGeometry(1, 1, 1));
    this.outline = new THREE.LineSegments(edges, new THREE.LineBasicMaterial({ depthTest: false }));
    this.outline.renderOrder = 10;
    this.outline.visible = false;
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(new Float32Array(3 * MOST_MARKS), 3));
    geometry.setAttribute("color", new THREE.BufferAttribute(new Float32Array(3 * MOST_MARKS), 3));
    this.marks = new THREE.Points(geometry, new THREE.PointsMaterial({
      size: 13, sizeAttenuation: false, vertexColors: true, map: pin(), alphaTest: 0.4, transparent: true, depthTest: false,
    }));
    this.marks.frustumCulled = false;
    this.marks.renderOrder = 9;
    scene.add(this.marks);
    this.setTheme(theme);
  }

  /** Fetch the coarse models; boxes stand in for them until then. */
  load(): void {
    for (const entry of this.equipment) void entry.load(0).catch(() => {});
  }

  setTheme(theme: Theme): void {
    this.surroundings?.remove();
    this.surroundings = new Surroundings(this.model, theme, this.scene, this.anisotropy);
    for (const light of this.lights) this.scene.remove(light);
    const sun = new THREE.DirectionalLight(0xffffff, 2.1 * theme.key_light);
    sun.position.set(-0.45, -0.75, 1.0);
    const fill = new THREE.DirectionalLight(0xdfe8ff, 1.5 * theme.fill_light);
    fill.position.set(0.8, 0.5, 0.5);
    const sky = new THREE.HemisphereLight(0xf4f7ff, 0x6c7380, 2.6 * theme.ambient + 0.5);
    sky.position.set(0, 0, 1);
    this.lights = [sun, fill, sky];
    this.scene.add(...this.lights);
    (this.outline.material as THREE.LineBasicMaterial).color.setRGB(...theme.selection, THREE.SRGBColorSpace);
    this.theme = theme;
    this.faultMarks.setTheme(theme);
    this.heat.setTheme(theme);
    this.air.setTheme(theme);
    if (this.channel) this.paint.use(this.channel.colormap ?? this.channel.colours, theme);
  }

  private theme!: Theme;

  setChannel(channel: Channel | null): void {
    this.channel = channel;
    this.painting = this.column = null;
    if (channel) this.paint.use(channel.colormap ?? channel.colours, this.theme);
    this.repaint(null);
  }

  /** Take the shown channel's values out of a frame. */
  update(frame: Frame): void {
    this.flow.update(frame);
    if (this.air.update(frame)) this.changed();
    const column = frame.channels.find((c) => c.name === this.channel?.name);
    if (!column || !this.channel) return;
    if (column.packed.count !== this.model.count(this.channel.level)) return; // of another subscription
    this.column = column;
    this.painting = column.painting ?? paintingOf(column.packed, this.channel.low, this.channel.high, this.model.firstGpu);
    this.repaint(this.painting.shades);
  }

  /** The shown channel's values; null as long as there are none. */
  get values(): Float32Array | null {
    return this.column?.values ?? null;
  }

  /** Put shades, one per element of the channel's level, on everything that shows them. */
  private repaint(shades: Uint8Array | null): void {
    const level = this.channel?.level ?? null;
    const gpu = level === "gpu";
    if (gpu && shades) this.accelerators.paint(shades);
    this.opened.paint(gpu ? shades : null);
    const stands = level !== null && (this.model.groups.some((g) => g.level === level) || level === "panel");
    for (const entry of this.equipment) {
      const group = entry.group;
      const cards = this.cards.get(group);
      if (gpu && cards) {
        cards.paint(this.means(group));
        entry.paint(null);
        continue;
      }
      cards?.paint(null);
      entry.paint(this.groupShades(group, level, shades, stands));
    }
    this.busways.paint(level === "panel" ? shades : null);
    this.mark();
    this.changed();
  }

  private groupShades(
    group: Group, level: string | null, shades: Uint8Array | null, stands: boolean,
  ): Uint8Array | null {
    if (level === null) return null;
    let rows: Int32Array | null = group.index;
    if (group.level !== level) {
      if (stands) return null; // the channel's own elements stand in the scene: only they show it
      const key = `${group.level} ${level}`;
      if (!this.above.has(key)) this.above.set(key, this.model.ancestors(group.level, level));
      const above = this.above.get(key);
      if (!above) return null;
      rows = group.index.map((row) => above[row]);
    }
    const out = new Uint8Array(rows.length).fill(255);
    if (shades) for (let k = 0; k < rows.length; k++) out[k] = shades[rows[k]] ?? 255;
    return out;
  }

  /** Shade of the mean of every rack's accelerators, by row of the group. */
  private means(group: Group): Uint8Array {
    const { painting, channel } = this;
    const means = Float32Array.from(group.index, (rack) => painting?.means?.[rack] ?? NaN);
    return shadesOf(means, channel?.low ?? 0, channel?.high ?? 1);
  }

  /** A pin over every element (for accelerators: every rack) beyond a warning or a limit. */
  private mark(): void {
    const { channel, model, painting } = this;
    let count = 0;
    const extreme = channel?.falling ? painting?.least : painting?.most;
    if (channel && beyond(channel, extreme)) {
      const values = this.values!;
      const worst = new Map<number, 0 | 1 | 2>();
      for (let k = 0; k < values.length; k++) {
        const state = beyond(channel, values[k]);
        if (!state) continue;
        const element = channel.level === "gpu" ? model.rackOfGpu(k).rack : k;
        if ((worst.get(element) ?? 0) < state) worst.set(element, state);
      }
      const level = channel.level === "gpu" ? "rack" : channel.level;
      const position = this.marks.geometry.attributes.position as THREE.BufferAttribute;
      const color = this.marks.geometry.attributes.color as THREE.BufferAttribute;
      const colours = [1, 2].map((state) =>
        new THREE.Color().setRGB(...this.theme.status[state === 2 ? "limit" : "warning"], THREE.SRGBColorSpace));
      for (const [element, state] of worst) {
        if (count >= MOST_MARKS) break;
        const place = model.placeOf(level, element);
        if (!place || !this.draws(place.group, place.row)) continue;
        const [x, y, z] = place.group.position.subarray(3 * place.row, 3 * place.row + 3);
        position.setXYZ(count, x, y, z + place.group.product.size[2] + 0.35);
        colours[state - 1].toArray(color.array, 3 * count++);
      }
      position.needsUpdate = color.needsUpdate = true;
    }
    this.marks.geometry.setDrawRange(0, count);
    this.marks.visible = count > 0;
  }

  /** Draw the way of an accelerator's heat; null: none. */
  showHeat(way: Way | null): void {
    this.heat.show(way && line(this.model, way));
    this.changed();
  }

  showFaults(faults: Faults): void {
    this.faultMarks.show(this.model, faults);
    this.changed();
  }

  /** Outline the picked elements; the last one may be opened. */
  select(elements: Element[]): void {
    this.opened.select(elements.at(-1) ?? null);
    this.selected = [...elements];
    this.outlineSelected();
  }

  private selected: Element[] = [];

  private outlineSelected(): void {
    while (this.outlines.children.length < this.selected.length) this.outlines.add(this.outline.clone());
    this.outlines.children.forEach((line, k) => {
      const element = this.selected[k];
      const box = element && this.model.box(element);
      line.visible = Boolean(box);
      if (box) this.frame(line, element, box);
    });
    this.changed();
  }

  /** Lay an outline around an element. */
  private frame(line: THREE.Object3D, element: Element, box: Box): void {
    const place = this.model.placeOf(element.level, element.index);
    const grow = element.level === "gpu" ? 0.012 : 0.03;
    if (place) {
      const { group, row } = place;
      const [w, d, h] = group.product.size.map((s) => s + 2 * grow);
      const [c, s] = [group.cos[row], group.sin[row]];
      const [x, y, z] = group.position.subarray(3 * row, 3 * row + 3);
      line.matrix.set(c * w, -s * d, 0, x, s * w, c * d, 0, y, 0, 0, h, z + h / 2 - grow, 0, 0, 0, 1);
    } else {
      const size = box.high.map((v, k) => v - box.low[k] + 2 * grow);
      const middle = box.high.map((v, k) => (v + box.low[k]) / 2);
      const shift = element.level === "gpu" ? this.opened.shift(element.index) : 0;
      if (shift) {
        const rack = this.model.placeOf("rack", this.model.rackOfGpu(element.index).rack)!;
        middle[0] += shift * rack.group.sin[rack.row];
        middle[1] -= shift * rack.group.cos[rack.row];
      }
      line.matrix.makeScale(size[0], size[1], size[2]).setPosition(middle[0], middle[1], middle[2]);
    }
    line.matrixAutoUpdate = false;
    line.matrixWorldNeedsUpdate = true;
  }

  /** Draw these elements with what is in them alone; null: everything. */
  isolate(elements: Element[] | null): void {
    this.only.clear();
    if (elements)
      for (const level of new Set(this.model.groups.map((group) => group.level)))
        this.only.set(level, belonging(this.model, level, elements));
    for (const entry of this.equipment) {
      const all = this.only.get(entry.group.level);
      entry.only = all ? Uint8Array.from(entry.group.index, (index) => all[index]) : null;
      this.cards.get(entry.group)?.isolate(entry.only);
    }
    this.services.visible = !elements;
    this.mark();
    this.changed();
  }

  /** Whether a row of a group is drawn. */
  draws(group: Group, row: number): boolean {
    return this.only.get(group.level)?.[group.index[row]] !== 0;
  }

  /** Choose levels of detail for a view. */
  refresh(view: View, quality: Quality): void {
    const before = this.opened.open;
    this.opened.refresh(view);
    if (this.opened.open !== before) this.outlineSelected();
    for (const entry of this.equipment) entry.refresh(view, quality);
    this.pipes.refresh(view);
    this.flow.refresh(view);
    this.surroundings.refresh(view.position);
  }

  /** Whether models are on their way. */
  get loading(): boolean {
    return this.equipment.some((entry) => entry.loading);
  }

  hides(x: number, y: number, z: number): boolean {
    return this.surroundings.hides(x, y, z);
  }

  remove(): void {
    for (const entry of this.equipment) entry.remove();
    for (const cards of this.cards.values()) {
      this.scene.remove(cards.mesh);
      cards.mesh.dispose();
    }
    this.pipes.remove();
    this.flow.remove();
    this.opened.remove();
    this.faultMarks.remove();
    this.heat.show(null);
    this.air.remove();
    this.busways.remove();
    this.surroundings.remove();
    this.scene.remove(this.outlines, this.services, this.marks, ...this.lights);
    this.accelerators.texture.dispose();
  }
}

function pin(): THREE.Texture {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const draw = canvas.getContext("2d")!;
  draw.beginPath();
  draw.moveTo(32, 60);
  draw.lineTo(8, 16);
  draw.quadraticCurveTo(32, 0, 56, 16);
  draw.closePath();
  draw.fillStyle = "#fff";
  draw.fill();
  draw.lineWidth = 5;
  draw.strokeStyle = "#10141c";
  draw.stroke();
  const texture = new THREE.CanvasTexture(canvas);
  texture.colorSpace = THREE.SRGBColorSpace;
  return texture;
}
