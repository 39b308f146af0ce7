/** A camera as numbers, for levels of detail and culling. */
import * as THREE from "three";

export class View {
  readonly position: THREE.Vector3;
  readonly direction = new THREE.Vector3();
  readonly up = new THREE.Vector3();
  readonly right = new THREE.Vector3();
  readonly tangent: number;
  readonly aspect: number;

  constructor(readonly camera: THREE.PerspectiveCamera, readonly width: number, readonly height: number) {
    camera.updateMatrixWorld();
    this.position = camera.position.clone();
    camera.getWorldDirection(this.direction);
    this.up.setFromMatrixColumn(camera.matrixWorld, 1);
    this.right.setFromMatrixColumn(camera.matrixWorld, 0);
    this.tangent = Math.tan((camera.fov * Math.PI) / 360);
    this.aspect = width / height;
  }

  /** Pixels on the screen of a length at a depth. */
  pixels(length: number, depth: number): number {
    return (length * this.height) / (2 * this.tangent * Math.max(depth, 1e-3));
  }

  /** Depth of a sphere that touches the picture; -1 outside. */
  seen(x: number, y: number, z: number, radius: number): number {
    const [dx, dy, dz] = [x - this.position.x, y - this.position.y, z - this.position.z];
    const depth = dx * this.direction.x + dy * this.direction.y + dz * this.direction.z;
    if (depth < -radius) return -1;
    const across = Math.abs(dx * this.right.x + dy * this.right.y + dz * this.right.z);
    const slope = this.tangent * this.aspect;
    if (across - slope * depth > radius * Math.sqrt(1 + slope * slope)) return -1;
    const high = Math.abs(dx * this.up.x + dy * this.up.y + dz * this.up.z);
    if (high - this.tangent * depth > radius * Math.sqrt(1 + this.tangent * this.tangent)) return -1;
    return Math.max(depth, 0.01);
  }

  /** Pixel of a point and its depth. */
  project(x: number, y: number, z: number): [number, number, number] {
    const [dx, dy, dz] = [x - this.position.x, y - this.position.y, z - this.position.z];
    const depth = dx * this.direction.x + dy * this.direction.y + dz * this.direction.z;
    const factor = this.height / 2 / (this.tangent * Math.max(depth, 1e-6));
    return [
      this.width / 2 + factor * (dx * this.right.x + dy * this.right.y + dz * this.right.z),
      this.height / 2 - factor * (dx * this.up.x + dy * this.up.y + dz * this.up.z),
      depth,
    ];
  }
}
