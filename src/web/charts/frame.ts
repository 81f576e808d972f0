// What all charts have in common: colours, text widths, axes, legends and the element that they are drawn into.
import { extent } from "d3";

export const WIN = "var(--win)", OTHER = "var(--other)", SOFT = "var(--soft)", INK = "var(--ink)", LINE = "var(--line)", CARD = "var(--card)";

export interface Metric { key?: string; label: string; unit: string; direction: string; higherIsBetter: boolean }
export type Drawn = Element | null | (Element | null)[];
type Attributes = Record<string, unknown>;

export function make<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in element && typeof value !== "string") (element as unknown as Attributes)[key] = value;
    else element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

let ruler: CanvasRenderingContext2D | null = null;

/** Width of a text in pixels. */
export function measure(text: string, font = "12px system-ui, sans-serif"): number {
  ruler ??= document.createElement("canvas").getContext("2d")!;
  ruler.font = font;
  return ruler.measureText(text).width;
}

/** A text that is cut where it would be wider than allowed. */
export function shorten(text: string, width: number): string {
  if (measure(text) <= width) return text;
  let kept = text;
  while (kept.length > 1 && measure(kept + "…") > width) kept = kept.slice(0, -1);
  return kept + "…";
}

export const note = (text: string) => make("p", { class: "note" }, text);

/** A drawn shape: name of the SVG element and its attributes. */
export type Mark = [name: string, attributes: Record<string, string>];

export function legend(entries: [Mark[], string][]): Element {
  return make("ul", { class: "legend" }, ...entries.map(([mark, text]) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("width", "26"); svg.setAttribute("height", "14"); svg.setAttribute("aria-hidden", "true");
    for (const [name, attributes] of mark) {
      const shape = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) { shape.style.setProperty(key, value); shape.setAttribute(key, value); }
      svg.append(shape);
    }
    return make("li", {}, svg, text);
  }));
}

export interface Axis { type: "log" | "linear"; domain: [number, number] }

/** A logarithmic axis where values spread widely, else a linear one. */
export function axisFor(values: number[], lowest: number, decade = 10): Axis {
  const [low, high] = extent(values);
  if (low > 0 && high / low > decade) {
    const floor = Math.max(lowest > 0 ? lowest : low / 1.3, low / 1.6);
    return { type: "log", domain: [Math.min(low / 1.12, floor), high * 1.15] };
  }
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  return { type: "linear", domain: [Math.min(lowest, low) - pad, high + pad] };
}

export const axisLabel = (metric: Metric, axis: Axis) =>
  `${metric.label}${metric.unit ? ` (${metric.unit.trim()})` : ""}, ${metric.direction}${axis.type === "log" ? ", log scale" : ""}`;
export const ticks = (axis: Axis, pixels: number) => (axis.type === "log" ? { ticks: Math.max(2, pixels / 75), tickFormat: "~g" } : {});
export const clampTo = (axis: Axis) => (value: number) => Math.max(axis.domain[0], Math.min(axis.domain[1], value));

/** Does something when the browser has nothing else to do, in half a second at the latest; the function that is returned takes it back. */
export function whenIdle(work: () => void): () => void {
  if (!("requestIdleCallback" in window)) { const timer = setTimeout(work); return () => clearTimeout(timer); }
  const waiting = requestIdleCallback(work, { timeout: 500 });
  return () => cancelIdleCallback(waiting);
}

/** Draws into an element now and whenever its width changes. A chart that cannot be drawn leaves the tables to speak. */
export function mount(host: HTMLElement, label: () => string, draw: (width: number, again: () => void) => Drawn): () => void {
  let drawn = 0;
  const redraw = () => {
    const width = Math.floor(host.clientWidth);
    if (width < 1 || width === drawn) return;
    drawn = width;
    try {
      const parts = [draw(width, () => { drawn = 0; redraw(); })].flat().filter((part): part is Element => part !== null);
      for (const part of parts) if (part instanceof SVGElement) {
        part.setAttribute("role", "img"); part.setAttribute("aria-label", label());
        // Plot names its marks; an image has one name.
        for (const mark of part.querySelectorAll("[aria-label]")) mark.removeAttribute("aria-label");
      }
      host.replaceChildren(...parts);
    } catch (error) {
      host.replaceChildren(note(`This chart could not be drawn (${(error as Error).message}); the table holds the same numbers.`));
    }
  };
  const observer = new ResizeObserver(redraw);
  observer.observe(host);
  redraw();
  return () => observer.disconnect();
}
