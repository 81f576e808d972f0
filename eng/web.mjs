// Bundles src/web: node eng/web.mjs OUTPUT. Two bundles of the same components: one script that reports carry inside, and the dashboard
// with hashes in its file names and every file compressed ahead.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = resolve(import.meta.dirname, "..");
const out = resolve(process.argv[2]);
const modules = join(root, "artifacts/node/node_modules");
const { build } = createRequire(join(modules, "x.js"))("esbuild");
const web = join(root, "src/web");
const common = {
  bundle: true, minify: true, target: "es2022", format: "iife", jsx: "automatic", jsxImportSource: "preact", nodePaths: [modules],
  legalComments: "none", charset: "utf8", write: false, logLevel: "warning", metafile: true,
};

const bundle = async (entry, options = {}) => {
  const made = await build({ ...common, ...options, entryPoints: [join(web, entry)], outdir: out });
  return { files: made.outputFiles.map(f => ({ name: basename(f.path), text: f.text })), inputs: Object.keys(made.metafile.inputs) };
};

// Licences ask to go wherever the code goes: of every package in a bundle.
const licences = inputs => {
  const names = new Set(inputs.map(i => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(i)?.[1]).filter(Boolean));
  return [...names].sort().map(name => {
    const { version, license } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
    let text = license;
    for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt"]) try { text = readFileSync(join(modules, name, file), "utf8").trim(); break; } catch { }
    return `${name} ${version}\n\n${text}`;
  }).join("\n\n");
};

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "report"), { recursive: true });
mkdirSync(join(out, "dashboard"), { recursive: true });

const report = await bundle("report/report.tsx");
for (const { name, text } of report.files) writeFileSync(join(out, "report", name), text);
writeFileSync(join(out, "report", "report.css"), (await bundle("style.css")).files[0].text);
writeFileSync(join(out, "report", "licences.txt"), licences(report.inputs) + "\n");

const dashboard = await bundle("dashboard/dashboard.tsx");
const named = {};
const put = (name, text) => {
  const bytes = Buffer.from(text);
  writeFileSync(join(out, "dashboard", name), bytes);
  writeFileSync(join(out, "dashboard", name + ".br"), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  writeFileSync(join(out, "dashboard", name + ".gz"), gzipSync(bytes, { level: 9 }));
};
for (const { name, text } of dashboard.files) {
  const hashed = name.replace(/\.(\w+)$/, `-${createHash("sha256").update(text).digest("hex").slice(0, 12)}.$1`);
  named[name] = hashed;
  put(hashed, text);
}
put("licences.txt", licences(dashboard.inputs) + "\n");
writeFileSync(join(out, "dashboard", "index.html"),
  readFileSync(join(web, "dashboard/index.html"), "utf8").replace(/\{\{(.*?)\}\}/g, (_, name) => "assets/" + named[name]));
