import { expect, test } from "vitest";
import * as THREE from "three";
import { SceneModel } from "../src/scene_model";
import type { RawScene } from "../src/scene_types";
import { Bookmarks } from "../src/tools/bookmarks";
import { Cut } from "../src/tools/cut";
import { belonging, Picked } from "../src/tools/isolate";
import { Measure, metres } from "../src/tools/measure";

const store = (): Pick<Storage, "getItem" | "setItem"> & { held: Map<string, string> } => {
  const held = new Map<string, string>();
  return { held, getItem: (key) => held.get(key) ?? null, setItem: (key, text) => { held.set(key, text); } };
};
const pose = (x: number) => ({ position: new THREE.Vector3(x, 0, 1), target: new THREE.Vector3(), angle: 30 });

test("bookmarks are kept for a layout and gone through in order", () => {
  const shelf = store();
  const marks = new Bookmarks("a", shelf);
  expect(marks.next()).toBeNull();
  marks.keep(pose(1));
  marks.keep(pose(2));
  const again = new Bookmarks("a", shelf);
  expect([1, 2, 3].map(() => again.next()!.pose.position.x)).toEqual([1, 2, 1]);
  expect(new Bookmarks("b", shelf).count).toBe(0);
  again.remove(0);
  expect(new Bookmarks("a", shelf).count).toBe(1);
});

test.each(["{", "[1, null]", '[{"position": [1, 2], "target": [0, 0, 0], "angle": 3}]'])("what is no bookmark is passed over: %s", (text) => {
  const shelf = store();
  shelf.held.set("a", text);
  expect(new Bookmarks("a", shelf).count).toBe(0);
});

test("a cut takes away what lies before it", () => {
  const renderer = { clippingPlanes: [] as THREE.Plane[] } as unknown as THREE.WebGLRenderer;
  const cut = new Cut(renderer, () => ({ from: new THREE.Vector3(-10, -20, 9), at: new THREE.Vector3(5, 10, 2) }));
  cut.next();
  expect([cut.hides(new THREE.Vector3(4, 0, 0)), cut.hides(new THREE.Vector3(6, 0, 0))]).toEqual([true, false]);
  cut.move(-40);
  expect(cut.hides(new THREE.Vector3(4, 0, 0))).toBe(false);
  cut.next();
  cut.next(); // level: what is above goes
  expect([cut.hides(new THREE.Vector3(0, 0, 3)), cut.hides(new THREE.Vector3(0, 0, 1))]).toEqual([true, false]);
  cut.next();
  expect(renderer.clippingPlanes).toHaveLength(0);
});

test("two clicks tell a distance", () => {
  const measure = new Measure(new THREE.Scene());
  measure.toggle();
  expect(measure.take(new THREE.Vector3(0, 0, 0))).toBeNull();
  expect(measure.take(new THREE.Vector3(3, 4, 12))).toBe("13.00 m; level 5.00 m, height 12.00 m");
  expect(measure.labels).toEqual([{ text: "13.00 m", at: [1.5, 2, 6] }]);
  expect(metres(0.25)).toBe("250 mm");
});

test("picked elements, what is in them and what holds them belong together", () => {
  const model = new SceneModel({
    levels: {
      hall: { count: 1, parent: null, names: ["h"] },
      row: { count: 2, parent: "hall", parent_index: [0, 0], names: ["a", "b"] },
      rack: { count: 4, parent: "row", parent_index: [0, 0, 1, 1], names: ["1", "2", "3", "4"] },
    },
    rack_first_gpu: [0, 1, 2, 3, 4], channels: [], instances: [], products: {},
  } as unknown as RawScene);
  const picked = new Picked();
  picked.set({ level: "row", index: 1 });
  picked.turn({ level: "rack", index: 0 });
  expect([...belonging(model, "rack", picked.elements)]).toEqual([1, 0, 1, 1]);
  expect([...belonging(model, "row", picked.elements)]).toEqual([1, 1]);
  picked.turn({ level: "row", index: 1 });
  expect(picked.last).toEqual({ level: "rack", index: 0 });
  expect([...belonging(model, "rack", picked.elements)]).toEqual([1, 0, 0, 0]);
});
