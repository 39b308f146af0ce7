/** The distance between two clicks on what stands or on the floor. */
import * as THREE from "three";
import type { Extra } from "../labels";
import { css, type Theme } from "../palette";

const MOST = 24; // ends kept

export const metres = (length: number): string =>
  length < 1 ? `${(1000 * length).toFixed(0)} mm` : `${length.toFixed(length < 100 ? 2 : 1)} m`;

export class Measure {
  on = false;
  private points: THREE.Vector3[] = [];
  private lines = new THREE.LineSegments(new THREE.BufferGeometry(), new THREE.LineBasicMaterial({ depthTest: false }));
  private ends = new THREE.Points(this.lines.geometry, new THREE.PointsMaterial({ size: 9, sizeAttenuation: false, depthTest: false }));

  constructor(scene: THREE.Object3D) {
    for (const part of [this.lines, this.ends]) {
      part.frustumCulled = false;
      part.renderOrder = 12;
      part.visible = false;
      scene.add(part);
    }
  }

  setTheme(theme: Theme): void {
    this.lines.material.color.set(css(theme.selection));
    this.ends.material.color.set(css(theme.selection));
  }

  /** Begin, or end and take the lines away. */
  toggle(): void {
    this.on = !this.on;
    if (!this.on) this.points = [];
    this.draw();
  }

  /** Take a point; tells the distance when it is the second of a pair. */
  take(point: THREE.Vector3): string | null {
    if (this.points.length >= MOST) this.points.splice(0, 2);
    this.points.push(point);
    this.draw();
    if (this.points.length % 2) return null;
    const [a, b] = this.points.slice(-2);
    const off = b.clone().sub(a);
    return `${metres(off.length())}; level ${metres(Math.hypot(off.x, off.y))}, height ${metres(Math.abs(off.z))}`;
  }

  get labels(): Extra[] {
    const out: Extra[] = [];
    for (let k = 1; k < this.points.length; k += 2) {
      const middle = this.points[k].clone().add(this.points[k - 1]).multiplyScalar(0.5);
      out.push({ text: metres(this.points[k].distanceTo(this.points[k - 1])), at: [middle.x, middle.y, middle.z] });
    }
    return out;
  }

  private draw(): void {
    const geometry = new THREE.BufferGeometry().setFromPoints(this.points);
    this.lines.geometry.dispose();
    this.lines.geometry = this.ends.geometry = geometry;
    this.lines.visible = this.points.length > 1;
    this.ends.visible = this.points.length > 0;
  }
}
