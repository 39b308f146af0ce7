/** Values as people read them: scaled, rounded and with their unit (as viewer/numbers.py). */
import type { Channel } from "./scene_types";

export class Scale {
  constructor(
    readonly factor: number,
    readonly unit: string,
    readonly decimals: number,
  ) {}

  text(value: number | null | undefined, withUnit = true): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return "no value";
    let number = (value * this.factor).toLocaleString("en-US", {
      minimumFractionDigits: this.decimals,
      maximumFractionDigits: this.decimals,
    });
    if (/^-[0.,]+$/.test(number)) number = number.slice(1);
    if (!withUnit || !this.unit) return number;
    return `${number}${this.unit === "%" ? "" : "\u00a0"}${this.unit}`;
  }
}

const PREFIXES: [number, string][] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];
const PREFIXED: Record<string, string> = {
  W: "W", Pa: "Pa", J: "J", "token/s": "tokens/s", V: "V", A: "A", VA: "VA",
};
const PLAIN: Record<string, string> = { degC: "°C", delta_degC: "K", "m**3/s": "m³/s" };

export function scaleFor(unit: string, largest: number, digits = 3): Scale {
  largest = Number.isFinite(largest) ? Math.abs(largest) : 0;
  let factor = 1;
  let text = PLAIN[unit] ?? unit.replaceAll("**", "^");
  if (unit === "m**3/s") {
    [factor, text] = largest >= 1e-3 ? [1e3, "L/s"] : [6e4, "L/min"];
  } else if (unit in PREFIXED) {
    const [size, prefix] = PREFIXES.find(([s]) => largest >= s) ?? [1, ""];
    factor = 1 / size;
    text = unit === "token/s" ? `${prefix} tokens/s`.trim() : prefix + PREFIXED[unit];
  }
  const shown = largest * factor;
  const whole = shown < 1 ? 1 : Math.floor(Math.log10(shown)) + 1;
  return new Scale(factor, text, Math.max(0, Math.min(4, digits - whole)));
}

export const prefixed = (value: number, unit: string, digits = 3): string =>
  scaleFor(unit, Math.abs(value), digits).text(value);

export function scaleOf(channel: Channel): Scale {
  const largest = Math.max(Math.abs(channel.low), Math.abs(channel.high));
  if (channel.unit === "") {
    if (channel.name.endsWith("pue")) return new Scale(1, "", 3);
    if (channel.resolution >= 0.1) return new Scale(1, "", 0); // counts, switches and states
    return largest <= 1.5 ? new Scale(100, "%", 1) : new Scale(1, "", 2);
  }
  const scale = scaleFor(channel.unit, largest, 3);
  if (channel.unit === "degC" || channel.unit === "delta_degC") return new Scale(1, scale.unit, 1);
  return new Scale(
    scale.factor, scale.unit, Math.max(scale.decimals, largest * scale.factor < 1000 ? 1 : 0),
  );
}

/** Round numbers between low and high, at most `most`. */
export function ticks(low: number, high: number, most = 7): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(most - 1, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * (1 - 1e-9))!;
  const out: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= Math.floor(high / step + 1e-9); k++)
    out.push(Number((k * step).toPrecision(12)));
  return out;
}

export function decimalsOf(numbers: number[]): number {
  for (let digits = 0; digits < 4; digits++)
    if (numbers.every((n) => Math.abs(Number(n.toFixed(digits)) - n) < 1e-9 * Math.max(1, Math.abs(n))))
      return digits;
  return 4;
}

/** Round ends of a range that holds all but the outer 1 % of the values. */
export function fittedRange(values: Float32Array, channel: Channel): [number, number] {
  const step = Math.max(1, Math.floor(values.length / 50_000));
  const sample: number[] = [];
  for (let k = 0; k < values.length; k += step) if (Number.isFinite(values[k])) sample.push(values[k]);
  if (!sample.length) return [channel.low, channel.high];
  sample.sort((a, b) => a - b);
  const at = (share: number) => sample[Math.round(share * (sample.length - 1))];
  let [low, high] = [at(0.005), at(0.995)];
  const least = Math.max(20 * channel.resolution, 0.02 * (channel.high - channel.low));
  if (high - low < least) {
    const middle = (low + high) / 2;
    [low, high] = [middle - least / 2, middle + least / 2];
  }
  const unit = 10 ** Math.floor(Math.log10((high - low) / 4));
  return [Math.floor(low / unit) * unit, Math.ceil(high / unit) * unit];
}

/** Simulated time as text: 00:08:30, with days when there are any. */
export function clock(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  const rest = whole % 86_400;
  const text = `${two(rest / 3600)}:${two((rest % 3600) / 60)}:${two(rest % 60)}`;
  const days = Math.floor(whole / 86_400);
  return `${seconds < 0 ? "-" : ""}${days ? `${days} d ` : ""}${text}`;
}

/** 0 within limits, 1 beyond the warning, 2 beyond the limit. */
export function beyond(channel: Channel, value: number | null | undefined): 0 | 1 | 2 {
  if (value === null || value === undefined || !Number.isFinite(value)) return 0;
  const sign = channel.falling ? -1 : 1;
  if (channel.limit !== null && sign * value >= sign * channel.limit) return 2;
  if (channel.warning !== null && sign * value >= sign * channel.warning) return 1;
  return 0;
}
