/** The factory cut open by a plane across x, across y, or level. */
import * as THREE from "three";

const AXES = ["x", "y", "z"] as const;
const LEVEL = 1; // m above the floor, at least
const STEP = 1 / 25; // of how far away the camera is, a press of a key

export class Cut {
  axis = -1; // -1: whole
  private place = 0;
  private plane = new THREE.Plane();

  private side = 1;

  /** `look`: where the camera is and what it looks at. */
  constructor(private renderer: THREE.WebGLRenderer, private look: () => { from: THREE.Vector3; at: THREE.Vector3 }) {}

  get on(): boolean {
    return this.axis >= 0;
  }

  /** Across x, across y, level, whole again. */
  next(): void {
    this.axis = this.axis === 2 ? -1 : this.axis + 1;
    if (this.on) {
      const { from, at } = this.look();
      const [near, middle] = [from.getComponent(this.axis), at.getComponent(this.axis)];
      this.place = this.axis === 2 ? Math.max(middle, LEVEL) : middle;
      this.side = this.axis === 2 || near > middle ? -1 : 1; // what stands before the plane goes
    }
    this.apply();
  }

  move(by: number): void {
    if (!this.on) return;
    const { from, at } = this.look();
    this.place += by * STEP * from.distanceTo(at);
    this.apply();
  }

  /** Whether a point is taken away. */
  hides(point: THREE.Vector3): boolean {
    return this.on && this.plane.distanceToPoint(point) < 0;
  }

  get words(): string {
    return this.on ? `cut at ${AXES[this.axis]} = ${this.place.toFixed(1)} m; < and > move it` : "whole again";
  }

  private apply(): void {
    this.plane.normal.set(0, 0, 0).setComponent(Math.max(0, this.axis), this.side);
    this.plane.constant = -this.side * this.place;
    this.renderer.clippingPlanes = this.on ? [this.plane] : [];
  }
}
