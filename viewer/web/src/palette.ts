/** Colours, from the table that both viewers share. */
import shared from "./shared.json";

export type Rgb = [number, number, number];

export interface Theme {
  name: string;
  sky_top: Rgb;
  sky_bottom: Rgb;
  ground: Rgb;
  ground_line: Rgb;
  floor: Rgb;
  floor_line: Rgb;
  room: Rgb;
  wall: Rgb;
  wall_edge: Rgb;
  shadow: number;
  missing: Rgb;
  text: Rgb;
  text_muted: Rgb;
  panel: [number, number, number, number];
  selection: Rgb;
  ambient: number;
  key_light: number;
  fill_light: number;
  status: Record<string, Rgb>;
}

const palette = shared.palette;
export const THEMES = palette.themes as unknown as Record<string, Theme>;
export const PRESETS: string[] = shared.presets;
export const KEYS = shared.keys as [string, string][];
export const SPEEDS: number[] = shared.speeds;
export const FRESH = shared.fresh;

export const MISSING = 255; // shade of what has no value

/** RGB bytes of the 256 shades a value can take: 0..254 on the colour map, 255 for missing. */
export function shades(map: string | undefined, missing: Rgb): Uint8Array<ArrayBuffer> {
  const maps = palette.colour_maps as Record<string, string[]>;
  const anchors = (maps[map ?? ""] ?? maps[palette.default_map]).map((hex) => [
    parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16),
  ]);
  const out = new Uint8Array(256 * 4).fill(255);
  for (let k = 0; k < MISSING; k++) {
    const place = (k / (MISSING - 1)) * (anchors.length - 1);
    const below = Math.min(Math.floor(place), anchors.length - 2);
    for (let c = 0; c < 3; c++) {
      const [a, b] = [anchors[below][c], anchors[below + 1][c]];
      out[4 * k + c] = Math.round(a + (b - a) * (place - below));
    }
  }
  for (let c = 0; c < 3; c++) out[4 * MISSING + c] = Math.round(255 * missing[c]);
  return out;
}

/** Shade (0..254) of each value on a scale; 255 where there is no value. */
export function shadesOf(values: Float32Array, low: number, high: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(values.length);
  const factor = (MISSING - 1) / (high > low ? high - low : 1);
  for (let k = 0; k < values.length; k++) {
    const scaled = (values[k] - low) * factor + 0.5;
    out[k] = scaled !== scaled ? MISSING : scaled <= 0 ? 0 : scaled >= MISSING ? MISSING - 1 : scaled;
  }
  return out;
}

export function serviceColour(service: string): Rgb {
  const known = (palette.services as unknown as Record<string, Rgb>)[service];
  if (known) return known;
  return (palette.services as unknown as Record<string, Rgb>)[
    service.endsWith("return") ? "tcs-return" : "tcs-supply"
  ];
}

export const css = (rgb: readonly number[], alpha = 1): string =>
  `rgba(${rgb.slice(0, 3).map((c) => Math.round(255 * c)).join(", ")}, ${alpha})`;

/** Give the page's style sheet the theme's colours. */
export function dress(theme: Theme): void {
  const root = document.documentElement;
  root.dataset.theme = theme.name;
  const set = (name: string, value: string) => root.style.setProperty(`--${name}`, value);
  set("text", css(theme.text));
  set("muted", css(theme.text_muted));
  set("panel", css(theme.panel, theme.panel[3]));
  set("solid", css(theme.panel));
  set("selection", css(theme.selection));
  set("sky", css(theme.sky_bottom));
  for (const [name, rgb] of Object.entries(theme.status)) set(name, css(rgb));
}
