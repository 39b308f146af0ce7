/** Materials whose state parts take the colour of a value: one byte per instance, one table. */
import * as THREE from "three";
import { shades, type Theme } from "./palette";

/** Colour table of the shown channel; every material and the legend look at this one. */
export class Paint {
  readonly table = { value: new THREE.DataTexture(new Uint8Array(256 * 4), 256, 1) };

  constructor() {
    this.table.value.colorSpace = THREE.SRGBColorSpace;
    this.table.value.minFilter = this.table.value.magFilter = THREE.NearestFilter;
    this.table.value.generateMipmaps = false;
  }

  use(map: string | undefined, theme: Theme): void {
    (this.table.value.image.data as Uint8Array).set(shades(map, theme.missing));
    this.table.value.needsUpdate = true;
  }
}

/**
 * Material of instanced equipment. Geometry brings `color` and `role` (0 body, 1 state) at its
 * vertices, instances bring `shade` (0..255). `painted` 0 leaves the state parts their own colour.
 */
export function stateMaterial(paint: Paint): THREE.MeshLambertMaterial & { painted: { value: number } } {
  const material = new THREE.MeshLambertMaterial({ vertexColors: true }) as THREE.MeshLambertMaterial & {
    painted: { value: number };
  };
  material.painted = { value: 0 };
  material.onBeforeCompile = (shader) => {
    shader.uniforms.table = paint.table;
    shader.uniforms.painted = material.painted;
    shader.vertexShader = shader.vertexShader
      .replace("#include <common>", `#include <common>
        attribute float role; attribute float shade;
        uniform sampler2D table; uniform float painted; varying float vState;`)
      .replace("#include <color_vertex>", `#include <color_vertex>
        vState = role * painted;
        vColor.rgb = mix(vColor.rgb, texelFetch(table, ivec2(int(shade + 0.5), 0), 0).rgb, vState);`);
    shader.fragmentShader = shader.fragmentShader
      .replace("#include <common>", "#include <common>\nvarying float vState;")
      .replace("#include <opaque_fragment>", `
        // a state surface stays close to its colour in the legend, whatever the light
        float lit = dot(outgoingLight, vec3(0.333)) / max(dot(diffuseColor.rgb, vec3(0.333)), 1e-3);
        outgoingLight = mix(outgoingLight, diffuseColor.rgb * mix(0.62, 1.0, clamp(lit, 0.0, 1.0)), vState);
        #include <opaque_fragment>`);
  };
  material.customProgramCacheKey = () => "state";
  return material;
}
