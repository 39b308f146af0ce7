/** Places of the camera that are kept for a layout, in this browser. */
import * as THREE from "three";
import type { Pose } from "../cameras";

const MOST = 12;
type Row = { position: number[]; target: number[]; angle: number };

const numbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);

export class Bookmarks {
  private rows: Row[] = [];
  private at = -1;

  constructor(private key: string, private store: Pick<Storage, "getItem" | "setItem"> = localStorage) {
    try {
      const kept: unknown = JSON.parse(store.getItem(key) ?? "[]");
      if (Array.isArray(kept))
        this.rows = kept.filter((row) => numbers(row?.position) && numbers(row?.target) && Number.isFinite(row?.angle)).slice(0, MOST);
    } catch {
      // what somebody else left there is no bookmark
    }
  }

  get count(): number {
    return this.rows.length;
  }

  /** Keep a place; of more than a dozen the oldest goes. Returns its number, from 1. */
  keep({ position, target, angle }: Pose): number {
    if (this.rows.length >= MOST) this.rows.shift();
    this.rows.push({ position: position.toArray(), target: target.toArray(), angle });
    this.at = this.rows.length - 1;
    this.save();
    return this.rows.length;
  }

  next(): { number: number; pose: Pose } | null {
    return this.rows.length ? this.go((this.at + 1) % this.rows.length) : null;
  }

  go(index: number): { number: number; pose: Pose } | null {
    const row = this.rows[index];
    if (!row) return null;
    this.at = index;
    const pose = { position: new THREE.Vector3(...row.position), target: new THREE.Vector3(...row.target), angle: row.angle };
    return { number: index + 1, pose };
  }

  remove(index: number): void {
    this.rows.splice(index, 1);
    this.at = Math.min(this.at, this.rows.length - 1);
    this.save();
  }

  private save(): void {
    try {
      this.store.setItem(this.key, JSON.stringify(this.rows));
    } catch {
      // a full or forbidden store: they last as long as the page
    }
  }
}
