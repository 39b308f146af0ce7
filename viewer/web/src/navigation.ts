/** Orbit with the mouse; fly with the arrow keys; glide between poses. */
import * as THREE from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import type { Pose } from "./cameras";

const GLIDE = 450; // ms
const EYES = 1.7; // m above the floor
const HIGH = 3; // m from which a walk begins where the camera looks
const BEFORE = 3; // m before it
const WIDE = 55; // degrees, angle of view of somebody who walks
const HELD = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown"];

export class Navigation {
  readonly orbit: OrbitControls;
  way: "orbit" | "fly" | "walk" = "orbit";
  private held = new Set<string>();
  private fast = false;
  private glide: { from: Pose; to: Pose; began: number } | null = null;

  constructor(readonly camera: THREE.PerspectiveCamera, canvas: HTMLCanvasElement, private moved: () => void) {
    this.orbit = new OrbitControls(camera, canvas);
    this.orbit.enableDamping = false;
    this.orbit.zoomToCursor = true;
    this.orbit.screenSpacePanning = true;
    this.orbit.maxPolarAngle = Math.PI * 0.495;
    this.orbit.addEventListener("change", moved);
    this.orbit.addEventListener("start", () => { this.glide = null; });
    window.addEventListener("blur", () => this.held.clear());
  }

  /** True when the key moves the camera. */
  key(event: KeyboardEvent, down: boolean): boolean {
    this.fast = event.shiftKey;
    if (!HELD.includes(event.key)) return false;
    if (down) this.held.add(event.key);
    else this.held.delete(event.key);
    this.glide = null;
    this.moved();
    return true;
  }

  /** Whether the mouse turns the head instead of orbiting. */
  get flying(): boolean {
    return this.way !== "orbit";
  }

  /** Orbit, fly, walk, and orbit again. */
  nextWay(): "orbit" | "fly" | "walk" {
    const next = ({ orbit: "fly", fly: "walk", walk: "orbit" } as const)[this.way];
    this.setWay(next);
    return next;
  }

  private setWay(way: "orbit" | "fly" | "walk"): void {
    this.way = way;
    const on = way !== "orbit";
    this.glide = null;
    if (way === "walk") return this.stand();
    const away = this.orbit.target.distanceTo(this.camera.position);
    const direction = this.camera.getWorldDirection(new THREE.Vector3());
    this.orbit.target.copy(this.camera.position).addScaledVector(direction, on ? 0.05 : Math.max(away, 8));
    this.orbit.rotateSpeed = on ? -0.35 : 1;
    this.orbit.maxPolarAngle = on ? Math.PI * 0.98 : Math.PI * 0.495;
    this.orbit.enableZoom = !on;
    this.orbit.update();
    this.moved();
  }

  /** Stand on the floor, looking level; from high above: before what was looked at. */
  private stand(): void {
    const { position } = this.camera;
    const ahead = this.camera.getWorldDirection(new THREE.Vector3());
    const down = Math.max(0, position.z - EYES) / Math.max(0.05, -ahead.z);
    if (position.z > HIGH) position.addScaledVector(ahead, down);
    ahead.setZ(0).normalize();
    if (position.z > HIGH || down > HIGH) position.addScaledVector(ahead, -BEFORE);
    position.z = EYES;
    this.orbit.target.copy(position).addScaledVector(ahead, 0.05);
    this.camera.fov = WIDE;
    this.camera.updateProjectionMatrix();
    this.orbit.update();
    this.moved();
  }

  go(pose: Pose, at_once = false): void {
    if (this.flying) this.setWay("orbit");
    const from = { position: this.camera.position.clone(), target: this.orbit.target.clone(), angle: this.camera.fov };
    this.glide = at_once ? null : { from, to: pose, began: performance.now() };
    if (at_once) this.set(pose.position, pose.target, pose.angle);
    this.moved();
  }

  /** One turn of the clock; true while the camera moves by itself. */
  tick(seconds: number): boolean {
    if (this.glide) {
      const { from, to, began } = this.glide;
      const share = Math.min(1, (performance.now() - began) / GLIDE);
      const eased = share * share * (3 - 2 * share);
      this.set(
        from.position.clone().lerp(to.position, eased), from.target.clone().lerp(to.target, eased),
        from.angle + (to.angle - from.angle) * eased,
      );
      if (share === 1) this.glide = null;
      return true;
    }
    if (!this.held.size) return false;
    const reach = this.way === "walk" ? 3 : this.flying ? Math.max(2, Math.abs(this.camera.position.z) * 0.8)
      : this.orbit.target.distanceTo(this.camera.position);
    const step = Math.min(seconds, 0.1) * Math.max(1.5, 0.6 * reach) * (this.fast ? 4 : 1);
    const ahead = this.camera.getWorldDirection(new THREE.Vector3());
    if (this.way !== "fly") ahead.setZ(0).normalize();
    const right = ahead.clone().cross(new THREE.Vector3(0, 0, 1)).normalize();
    const move = new THREE.Vector3();
    if (this.held.has("ArrowUp")) move.add(ahead);
    if (this.held.has("ArrowDown")) move.sub(ahead);
    if (this.held.has("ArrowRight")) move.add(right);
    if (this.held.has("ArrowLeft")) move.sub(right);
    if (this.held.has("PageUp")) move.z += 1;
    if (this.held.has("PageDown")) move.z -= 1;
    if (this.way === "walk") move.z = 0;
    move.multiplyScalar(step);
    this.camera.position.add(move);
    this.camera.position.z = Math.max(0.3, this.camera.position.z);
    this.orbit.target.add(move);
    this.orbit.update();
    return true;
  }

  private set(position: THREE.Vector3, target: THREE.Vector3, angle: number): void {
    this.camera.position.copy(position);
    this.orbit.target.copy(target);
    this.camera.fov = angle;
    this.camera.updateProjectionMatrix();
    this.orbit.update();
  }
}
