// What pages and reports both say about how a candidate samples.
import { drawMask } from "./charts/masks";
import { Call, coefficient, coefficients, drawSampler } from "./charts/sampler";
import { short } from "./dashboard/text";
import { Chart, Plain } from "./tables";

/** Which images called the network when; a mask has one 0 or 1 per call of the whole schedule. */
export function SkipMask({ images, first }: { images: string[]; first: number }) {
  const names = images.map((_, i) => `image ${first + i}`);
  const columns = Array.from(images[0], (_, i) => String(i + 1));
  const ran = images.map(m => Array.from(m, c => c === "1"));
  const calls = ran.reduce((sum, row) => sum + row.filter(Boolean).length, 0) / ran.length;
  return <><p>One line per image, one column per call of the whole schedule, filled where the network was called: {short(calls)} calls on average over these {names.length} images.</p>
    <Chart label={`Network calls of ${names.length} images`} watch={[images]} draw={width => drawMask(names, columns, ran, width)}>
      <Plain name="Network calls per image" head={["Image", ...columns]} rows={names.map((name, i) => [name, ...ran[i].map(r => (r ? "called" : "–"))])} />
    </Chart></>;
}

/** A candidate's own coefficients beside those of its solver. */
export function SamplerNumbers({ solver, calls, startScale }: { solver: string; calls: Call[]; startScale?: number }) {
  const width = coefficients(calls);
  return <section class="wide" id="sampler"><h2>The sampler's own numbers</h2>
    <p>After each network call the next state is a combination of the state x, of this call's data prediction D0 and of earlier ones (D1, D2). Beside each coefficient stands that of <code>{solver}</code> alone at the same times.{startScale !== undefined && startScale !== 1 ? ` Sampling starts from noise times ${short(startScale)}.` : ""}</p>
    <Chart label={`Coefficients of ${calls.length} network calls, the solver's and the candidate's`} watch={[calls]} draw={pixels => drawSampler(calls, pixels)}>
      <Plain name="Numbers per network call" head={["Time", "Network is told", "Output times", "w (first difference)", "u (second difference)", "a (state)", "b (data)", ...Array.from({ length: width }, (_, j) => `${coefficient(j)} (solver's)`)]}
        rows={calls.map(c => [short(c.time), short(c.networkTime), short(c.outputScale), ...[c.numbers.firstDifference, c.numbers.secondDifference, c.numbers.state, c.numbers.data].map(n => short(n ?? 0)), ...Array.from({ length: width }, (_, j) => `${short(c.own[j] ?? 0)} (${short(c.base[j] ?? 0)})`)])} />
    </Chart></section>;
}
