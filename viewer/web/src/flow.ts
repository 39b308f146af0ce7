/** Arrows along pipes that run with the water; none where it stands still. */
import * as THREE from "three";
import type { Frame } from "./decode";
import { serviceColour } from "./palette";
import type { SceneModel } from "./scene_model";
import type { View } from "./view";

const MOST = 2500;
const THINNEST = 2.2; // pixel of a pipe that has arrows
const [SLOWEST, FASTEST] = [0.25, 2.5]; // m/s on the screen, whatever the water does
const SMALLEST = 0.075; // m, an arrow's width

/** The flow [m3/s] in a pipe, by the pipe's level and water. */
const CHANNELS: Record<string, string> = {
  "cdu tcs": "cdu.secondary_flow", "cdu fws": "cdu.primary_flow", "plant fws": "plant.flow",
};
export const FLOW_CHANNELS = Object.values(CHANNELS);

interface Run {
  points: THREE.Vector3[];
  /** Distance from the start at every point. */
  at: number[];
  diameter: number;
  channel: string;
  index: number;
  spacing: number;
  offset: number;
  speed: number;
  colour: THREE.Color;
}

export class Flow {
  on = true;
  private runs: Run[] = [];
  private mesh: THREE.InstancedMesh;
  private shown: { run: Run; leg: number; from: number }[] = [];
  private last = 0;

  constructor(model: SceneModel, private scene: THREE.Object3D) {
    const white = new THREE.Color(1, 1, 1);
    for (const pipe of model.raw.pipes) {
      const points = pipe.points.map((p) => new THREE.Vector3(...p));
      const at = [0];
      for (let k = 1; k < points.length; k++) at.push(at[k - 1] + points[k].distanceTo(points[k - 1]));
      const colour = new THREE.Color().setRGB(...serviceColour(pipe.service), THREE.SRGBColorSpace).lerp(white, 0.72);
      this.runs.push({
        points, at, diameter: pipe.diameter, index: pipe.index, colour, offset: 0, speed: NaN,
        channel: CHANNELS[`${pipe.level} ${pipe.service.split("-")[0]}`] ?? "", spacing: Math.max(1.1, 9 * pipe.diameter),
      });
    }
    const cone = new THREE.ConeGeometry(0.5, 1, 10);
    this.mesh = new THREE.InstancedMesh(cone, new THREE.MeshLambertMaterial({ flatShading: true, emissive: 0x404040 }), MOST);
    this.mesh.setColorAt(0, white);
    this.mesh.count = 0;
    this.mesh.frustumCulled = false;
    scene.add(this.mesh);
  }

  /** Mean speeds of the water [m/s] out of a frame; a pipe without a value keeps still arrows. */
  update(frame: Frame): void {
    for (const name of FLOW_CHANNELS) {
      const column = frame.channels.find((c) => c.name === name);
      if (!column) continue;
      for (const run of this.runs) {
        if (run.channel !== name) continue;
        const flow = column.values[run.index - column.packed.start];
        if (flow === undefined || !Number.isFinite(flow)) continue;
        run.speed = flow <= 1e-7 ? 0
          : Math.min(FASTEST, Math.max(SLOWEST, flow / (0.785 * run.diameter * run.diameter)));
      }
    }
  }

  /** Choose the arrows that a view has room for. */
  refresh(view: View): void {
    const found: { run: Run; leg: number; from: number; depth: number }[] = [];
    const middle = new THREE.Vector3();
    if (this.on)
      for (const run of this.runs)
        for (let leg = 1; leg < run.points.length; leg++) {
          const length = run.at[leg] - run.at[leg - 1];
          if (length < 0.4 * run.spacing) continue;
          middle.copy(run.points[leg]).add(run.points[leg - 1]).multiplyScalar(0.5);
          const depth = view.seen(middle.x, middle.y, middle.z, length / 2 + run.diameter);
          if (depth < 0 || view.pixels(run.diameter, Math.max(depth - length / 2, 0.5)) < THINNEST) continue;
          for (let from = Math.ceil(run.at[leg - 1] / run.spacing) * run.spacing; from < run.at[leg] + run.spacing; from += run.spacing)
            found.push({ run, leg, from, depth });
        }
    if (found.length > MOST) found.sort((a, b) => a.depth - b.depth).length = MOST;
    this.shown = found;
    found.forEach(({ run }, k) => this.mesh.setColorAt(k, run.colour));
    this.mesh.instanceColor!.needsUpdate = true;
  }

  /** Whether anything would look different a moment later. */
  get moving(): boolean {
    return this.shown.some(({ run }) => run.speed > 0);
  }

  /** Put the arrows where they are now. */
  draw(now: number, still: boolean): void {
    const seconds = still ? 0 : Math.min(0.5, (now - this.last) / 1000);
    this.last = now;
    for (const run of this.runs) if (run.speed > 0) run.offset = (run.offset + run.speed * seconds) % run.spacing;
    const [matrix, turn, along, place, size] =
      [new THREE.Matrix4(), new THREE.Quaternion(), new THREE.Vector3(), new THREE.Vector3(), new THREE.Vector3()];
    const up = new THREE.Vector3(0, 1, 0);
    let count = 0;
    this.shown.forEach(({ run, leg, from }, k) => {
      const at = from + run.offset - run.spacing;
      const [a, b] = [run.at[leg - 1], run.at[leg]];
      const wide = Math.max(1.6 * run.diameter, SMALLEST);
      const long = 2.3 * wide;
      if (run.speed === 0 || at < a + long / 2 || at > b - long / 2) size.set(0, 0, 0);
      else size.set(wide, long, wide);
      along.copy(run.points[leg]).sub(run.points[leg - 1]).normalize();
      place.copy(run.points[leg - 1]).addScaledVector(along, Math.min(Math.max(at - a, 0), b - a));
      this.mesh.setMatrixAt(k, matrix.compose(place, turn.setFromUnitVectors(up, along), size));
      count = k + 1;
    });
    this.mesh.count = count;
    this.mesh.instanceMatrix.needsUpdate = true;
  }

  /** Number of arrows of a service's pipe that are drawn. */
  arrowsOf(channel: string, index: number): number {
    const matrix = new THREE.Matrix4();
    return this.shown.filter(({ run }, k) => {
      this.mesh.getMatrixAt(k, matrix);
      return run.channel === channel && run.index === index && matrix.getMaxScaleOnAxis() > 0;
    }).length;
  }

  remove(): void {
    this.scene.remove(this.mesh);
    this.mesh.geometry.dispose();
    this.mesh.dispose();
  }
}
