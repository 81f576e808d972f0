// How numbers and times are written.
const MINUS = "\u2212";
const minus = (text: string) => text.replace("-", MINUS);

/** Decimals that show two digits of an error; without one, four digits of the value. */
function decimals(value: number, error?: number): number {
  const [scale, digits] = error ? [error, 2] : [Math.abs(value), 4];
  return scale > 0 ? Math.min(8, Math.max(0, digits - 1 - Math.floor(Math.log10(scale)))) : 0;
}

export function withError(value: number | undefined | null, error?: number | null): string {
  if (value === undefined || value === null) return "–";
  const places = decimals(value, error ?? undefined);
  return minus(value.toFixed(places)) + (error ? ` ±\u00a0${error.toFixed(places)}` : "");
}

/** A metric's name with its unit, for axes and heads of tables. */
export const titled = (metric: { label: string; unit: string }) => (metric.unit ? `${metric.label} (${metric.unit.trim()})` : metric.label);

/** Comma-separated values (RFC 4180). */
export const csv = (rows: (string | number | null | undefined)[][]) =>
  rows.map(row => row.map(value => { const text = String(value ?? ""); return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text; }).join(",") + "\r\n").join("");

export const short = (value: number | undefined | null) => (value === undefined || value === null ? "–" : minus(String(Number(value.toPrecision(4)))));
export const count = (value: number) => Math.round(value).toLocaleString("en").replace(/,/g, "\u202f");
export const big = (value: number | undefined | null) => (value === undefined || value === null ? "–" : value >= 1e9 ? `${short(value / 1e9)} G` : value >= 1e6 ? `${short(value / 1e6)} M` : value >= 1e3 ? `${short(value / 1e3)} k` : short(value));
export const clock = (seconds: number) =>
  seconds >= 7200 ? `${(seconds / 3600).toFixed(1)} h` : seconds >= 120 ? `${(seconds / 60).toFixed(1)} min` : `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
export const day = (time: string) => new Date(time).toLocaleDateString();
export const hour = (time: string) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const moment = (time: string) => new Date(time).toLocaleString();
const words: Record<string, string> = { randomSearch: "random search", rivals: "searches of parts", done: "done" };
export const stageName = (stage: string) => words[stage] ?? stage;
export const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
