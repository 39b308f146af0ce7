/** When to draw again, and what draws: on a processor pictures would pile up otherwise. */
import type * as THREE from "three";

export class Pacer {
  cost = 0; // ms of the last picture
  private fence: WebGLSync | null = null;
  private began = 0;
  private next = 0;

  constructor(private renderer: THREE.WebGLRenderer, private software: boolean) {}

  private get gl(): WebGL2RenderingContext {
    return this.renderer.getContext() as WebGL2RenderingContext;
  }

  /** Whether the last picture is done, and others have had as long as it took. */
  ready(): boolean {
    const now = performance.now();
    if (this.fence) {
      const state = this.gl.clientWaitSync(this.fence, 0, 0);
      if (state === this.gl.TIMEOUT_EXPIRED && now - this.began < 2000) return false;
      this.gl.deleteSync(this.fence);
      this.fence = null;
      this.cost = now - this.began;
      this.next = this.software ? now + Math.min(500, this.cost) : now;
    }
    return now >= this.next;
  }

  /** Draw, and notice when it is done. */
  draw(render: () => void): void {
    this.began = performance.now();
    render();
    if (this.fence) this.gl.deleteSync(this.fence);
    this.fence = this.gl.fenceSync(this.gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    this.gl.flush();
  }
}

/** Whether pictures are drawn by a processor instead of a graphics card. */
export function likelySoftware(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) throw new Error("this browser has no WebGL 2");
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "");
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}
