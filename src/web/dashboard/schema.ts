// What the form needs of JSON schema.
export interface Schema {
  type?: string | string[]; enum?: (string | number)[]; const?: unknown; default?: unknown; description?: string; $ref?: string; $defs?: Record<string, Schema>;
  properties?: Record<string, Schema>; items?: Schema; required?: string[]; minimum?: number; maximum?: number; exclusiveMinimum?: number; pattern?: string;
  anyOf?: Schema[];
}
export type Json = { [key: string]: unknown };

// Seeds have 64 bits, numbers of the language 53: a larger one is kept as the digits that it was written with. A browser that cannot says so, rather than to send another one.
interface Raw { rawJSON: string }
const raw = (JSON as unknown as { rawJSON?: (text: string) => Raw }).rawJSON;
export const isRaw = (value: unknown): value is Raw => typeof value === "object" && value !== null && "rawJSON" in value;
const exceeds = (value: number, digits?: string) => digits !== undefined && /^-?\d+$/.test(digits) && !Number.isSafeInteger(value);
function exact(value: number, digits?: string): unknown {
  if (!exceeds(value, digits)) return value;
  if (!raw) throw new Error(`This browser rounds whole numbers beyond 2^53, as ${digits}; a newer one keeps them.`);
  return raw(digits!);
}
/** Reads JSON; JSON.stringify writes it again as it was. */
export const parse = (text: string): unknown => JSON.parse(text, ((_: string, value: unknown, context?: { source: string }) => (typeof value === "number" ? exact(value, context?.source) : value)) as (key: string, value: unknown) => unknown);
/** The number that somebody typed. */
export const typed = (text: string): unknown => (exceeds(Number(text), text.trim()) ? raw?.(text.trim()) ?? text : Number(text));
/** A value as a field shows it. */
export const shown = (value: unknown): string => (value === undefined || value === null ? "" : isRaw(value) ? value.rawJSON : String(value));

/** A schema with its reference followed; what stands beside the reference stays. */
export function resolve(schema: Schema, root: Schema): Schema {
  const name = schema.$ref?.replace("#/$defs/", "");
  return name && root.$defs?.[name] ? { ...resolve(root.$defs[name], root), ...schema, $ref: undefined } : schema;
}

export type Kind = "object" | "choice" | "flag" | "integer" | "number" | "text" | "json";

export function kindOf(schema: Schema): Kind {
  const types = [schema.type ?? []].flat().filter(t => t !== "null");
  if (schema.properties) return "object";
  if (schema.enum) return "choice";
  if (types.length !== 1) return "json";
  return types[0] === "boolean" ? "flag" : types[0] === "integer" ? "integer" : types[0] === "number" ? "number" : types[0] === "string" ? "text" : "json";
}

export const read = (value: unknown, path: string[]): unknown => path.reduce<unknown>((at, key) => (at as Json | undefined)?.[key], value);

/** A copy with one member set; undefined takes it away. */
export function write(value: Json, [key, ...rest]: string[], member: unknown): Json {
  const copy = { ...value };
  if (rest.length > 0) copy[key] = write((copy[key] as Json | undefined) ?? {}, rest, member);
  else if (member === undefined) delete copy[key];
  else copy[key] = member;
  return copy;
}
