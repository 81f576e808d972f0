// The few functions of d3 that the charts use; the package brings no types.
export function extent(values: Iterable<number>): [number, number];
export function min<T>(values: Iterable<T>, of?: (value: T) => number): number;
export function max<T>(values: Iterable<T>, of?: (value: T) => number): number;
export function range(start: number, stop: number): number[];
export function format(specifier: string): (value: number) => string;
export interface Scale { (value: number): number; invert(value: number): number }
export function scaleLog(domain: [number, number], range: [number, number]): Scale;
export function scaleLinear(domain: [number, number], range: [number, number]): Scale;
