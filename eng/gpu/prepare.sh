#!/usr/bin/env bash
# Publishes batcheval for linux-x64 with the .NET runtime and ONNX Runtime's CUDA provider, so that it runs on a machine that has neither .NET
# nor a network, and cuts it into pieces that travel over narrow ways. Usage:
#   eng/gpu/prepare.sh [--out DIR] [--piece-mib N] [--without-cuda]
# --out           where pieces, manifest.txt and SHA256SUMS go          (default: artifacts/gpu/pieces)
# --piece-mib     largest piece, below 60                               (default: 40)
# --without-cuda  leave the CUDA provider out (230 MB), for dry runs
# It builds in a copy of the working tree, artifacts/gpu/tree, because packages with CUDA must not replace this checkout's.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$root/artifacts/gpu
tree=$work/tree
out=$work/pieces
piece=40
cuda=1
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

say() { printf 'prepare: %s\n' "$*" >&2; }
die() { printf 'prepare: error: %s\n' "$*" >&2; exit 1; }

while (($#)); do
  case $1 in
    --out) [[ -n ${2:-} ]] || die "--out needs a folder"; out=$2; shift 2 ;;
    --piece-mib) [[ ${2:-} =~ ^([1-9]|[1-5][0-9])$ ]] || die "--piece-mib is '${2:-}'; allowed: 1 to 59"; piece=$2; shift 2 ;;
    --without-cuda) cuda=0; shift ;;
    *) die "unknown argument '$1'; allowed: --out DIR, --piece-mib N, --without-cuda" ;;
  esac
done

# The files that git knows or would take, as they are now; what is gone here goes there.
copy_tree() {
  mkdir -p "$tree"
  find "$tree" -mindepth 1 -maxdepth 1 ! -name artifacts -exec rm -rf {} +
  (cd "$root" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    if [[ -e $file ]]; then printf '%s\0' "$file"; fi
  done | tar --null --files-from=- -cf -) | tar -xf - -C "$tree"
}

publish() {
  local target=$1 log=$work/publish.log
  say "restoring (CUDA provider: $cuda)"
  # The copy is a checkout of its own: git must not find this one, whose feed restore.sh would take over.
  (cd "$tree" && GIT_CEILING_DIRECTORIES=$work eng/restore.sh) || die "restoring failed"
  say "publishing"
  # Notes of an earlier restore name the files of the packages as they were then.
  rm -rf "$target" "$tree/artifacts/obj"
  (cd "$tree" && dotnet publish src/BatchEval.Cli/BatchEval.Cli.csproj -c Release -r linux-x64 --self-contained -o "$target" \
    -p:Cuda="$([[ $cuda == 1 ]] && echo true || echo false)" -m:2 -nodeReuse:false -v quiet -clp:NoSummary >"$log" 2>&1) || { cat "$log" >&2; die "publishing failed"; }
  # Self-contained: the natives lie beside the program. TensorRT's provider needs TensorRT and is of no use here.
  rm -f "$target"/libonnxruntime_providers_tensorrt.so "$target"/*.pdb "$target"/*.xml
  if [[ $cuda == 1 && ! -f $target/libonnxruntime_providers_cuda.so ]]; then
    die "the publish has no libonnxruntime_providers_cuda.so; see artifacts/gpu/publish.log"
  fi
}

pack() {
  local target=$1 version
  rm -rf "$out"
  mkdir -p "$out"
  say "packing"
  tar -C "$(dirname "$target")" --sort=name --owner=0 --group=0 --numeric-owner -cf - "$(basename "$target")" | gzip -6 -n \
    | split --bytes="${piece}MiB" --numeric-suffixes --suffix-length=2 - "$out/batcheval.tgz."
  (cd "$out" && sha256sum batcheval.tgz.* >SHA256SUMS)
  version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$root/Directory.Build.props")
  {
    echo "batcheval $version, linux-x64, self-contained; CUDA provider: $([[ $cuda == 1 ]] && echo yes || echo no)"
    echo "commit $(git -C "$root" rev-parse --short HEAD)$([[ -z $(git -C "$root" status --porcelain -- src) ]] || echo ', with changes')"
    echo "pieces $(find "$out" -name 'batcheval.tgz.*' | wc -l), together $(cat "$out"/batcheval.tgz.* | wc -c) bytes, $(cat "$out"/batcheval.tgz.* | sha256sum | cut -d' ' -f1)"
  } >"$out/manifest.txt"
}

mkdir -p "$work"
exec 9>"$work/.prepare.lock"
if command -v flock >/dev/null; then flock 9; fi
copy_tree
publish "$work/batcheval"
env -i "$work/batcheval/batcheval" --help >/dev/null || die "the publish does not run without an environment"
pack "$work/batcheval"
cat "$out/manifest.txt"
(cd "$out" && wc -c batcheval.tgz.*)
