#!/usr/bin/env bash
# Makes a fresh checkout ready to build: the local package feed and the node tools, both under artifacts/.
# Quick when nothing is to do. Environment:
#   BATCHEVAL_ARTIFACTS_SEED=DIR  artifacts folder of another checkout to link from instead of downloading
#   BATCHEVAL_CUDA=1|0            pack the CUDA provider (230 MB) too; default: only where an NVIDIA device is present
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
artifacts=$root/artifacts
feed=$artifacts/feed
downloads=$artifacts/downloads
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

say() { printf 'restore: %s\n' "$*" >&2; }
die() { printf 'restore: error: %s\n' "$*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || die "'$1' is needed but not installed"; }

wanted_packages() { sed -n 's/.*PackageDownload Include="\([^"]*\)".*/\1/p' "$1"; }
feed_key() { cat "$root"/eng/feed/*.csproj "$root"/eng/feed/*.nuspec "$root"/eng/feed/*.props "$root/eng/restore.sh" | sha256sum | cut -c1-16; }

# At most one run per checkout at a time: agents and editors like to start several.
mkdir -p "$artifacts"
exec 9>"$artifacts/.restore.lock"
if command -v flock >/dev/null; then flock 9; fi

seed_from() {
  local source=$1 name
  for name in feed packages node; do
    [[ -d $source/$name && ! -e $artifacts/$name ]] || continue
    say "taking $name from $source"
    # Links cost nothing; across file systems a copy has to do.
    cp -al "$source/$name" "$artifacts/$name.part" 2>/dev/null \
      || { rm -rf "$artifacts/$name.part"; cp -a "$source/$name" "$artifacts/$name.part"; }
    mv "$artifacts/$name.part" "$artifacts/$name"
  done
}

# fetch NPM_PACKAGE VERSION SHA512 FILE...: the named files of one npm tarball, verified, without running any of its scripts.
fetch() {
  local package=$1 version=$2 sum=$3; shift 3
  local target=$downloads/$package archive=$downloads/$package-$version.tgz
  [[ -f $target/.complete ]] && return
  need npm
  say "downloading $package $version"
  rm -rf "$target"; mkdir -p "$target"
  (cd "$downloads" && npm pack --silent --ignore-scripts --no-update-notifier "$package@$version" >/dev/null 2>npm.log) \
    || die "npm could not fetch $package@$version: $(tail -3 "$downloads/npm.log")"
  echo "$sum  $archive" | sha512sum --check --quiet >&2 || die "$package@$version is not the file this script was written for"
  tar -xzf "$archive" -C "$target" --no-same-owner "$@"
  rm "$archive"
  touch "$target/.complete"
}

# Which of a probe project's packages the configured registry lacks, one per line.
probe_registry() {
  local log=$artifacts/probe.log package
  say "asking the package registry for the official packages"
  rm -rf "$artifacts/probe"
  if ! dotnet restore "$1" --no-http-cache >"$log" 2>&1; then
    # Anything but "no such package" or "no such version" is a fault, not an answer.
    if ! grep -qE 'error NU110[12]:' "$log" || grep -E ': error ' "$log" | grep -qvE 'error NU110[12]:'; then
      cat "$log" >&2
      die "the package registry could not be asked; see above"
    fi
  fi
  while read -r package; do
    if grep -E 'error NU110[12]:' "$log" | grep -qE "package ${package//./\\.}(\. | with )"; then echo "$package"; fi
  done < <(wanted_packages "$1")
  rm -rf "$artifacts/probe"
}

fetch_sources() {
  case $1 in
    Microsoft.ML.OnnxRuntime.Managed)
      fetch com.github.asus4.onnxruntime 0.4.9 064cf176e499f4891e0cfe90f25cf64c553689eee1492bd2ed921fccca28131a2ad02373267bae19a509ec8b288c182a3b8a2e0f58d76a1f0e63225b08ddbd16 \
        package/Runtime package/LICENSE ;;
    Microsoft.ML.OnnxRuntime.Gpu.Linux)
      local natives=$downloads/onnxruntime-node/package/bin/napi-v6/linux/x64
      fetch onnxruntime-node 1.29.0 5a3895541ef6ae220bcfc1db62fc6f9a32b213f5a6918a127ca63ef9ac68e63011eb4f47420f0cc221bf1e14a1a537097e6980773c71981f8c3124f703e4a23c \
        package/bin/napi-v6/linux/x64/libonnxruntime.so.1
      ln -f "$natives/libonnxruntime.so.1" "$natives/libonnxruntime.so"
      if [[ $cuda == true ]]; then
        fetch com.github.asus4.onnxruntime.linux-x64-gpu 0.4.9 168a4884d13f360fafd97eb9c1573d7253c2042be1bc0e771f1a3653429fe5f19d56c0bb88203e999d0a2d6820710023ed3219ea9362751e000b5d20ef85e8eb \
          package/Plugins/Linux/x64
      fi ;;
    Microsoft.ML.OnnxRuntime.Extensions)
      fetch com.github.asus4.onnxruntime-extensions 0.4.9 680b7fadc568a147dfb513905d3ad083a708c4ed272393e63add22d633bdf718485b8268059c3348a4a5da744e9c22a1e5390c3510f65880b4584cc654950ce9 \
        package/Plugins/Linux/x64 package/LICENSE ;;
  esac
}

# A stand-in keeps its version number, so a new build of it must push the old one out of the package folder.
forget() {
  local lower=${1,,}
  rm -rf "${feed:?}/$1".[0-9]*.nupkg "${artifacts:?}/packages/$lower"
}

pack() {
  local package=$1
  fetch_sources "$package"
  forget "$package"
  say "packing $package"
  dotnet pack "$root/eng/feed/$package.csproj" -c Release -p:WithCuda="$cuda" --disable-build-servers >"$artifacts/pack.log" 2>&1 \
    || { cat "$artifacts/pack.log" >&2; die "packing $package failed"; }
}

# adopt_feed STAMP KEY: in a linked git worktree, the feed of the main checkout if it is the one wanted.
adopt_feed() {
  local common donor project
  common=$(git -C "$root" rev-parse --path-format=absolute --git-common-dir 2>/dev/null) || return 1
  donor=${common%/.git}/artifacts
  [[ $donor != "$artifacts" && -f $donor/feed/$1 && $(<"$donor/feed/$1") == "$2" ]] || return 1
  say "taking feed from $donor"
  rm -rf "$feed"
  cp -al "$donor/feed" "$feed.part" 2>/dev/null || { rm -rf "$feed.part"; cp -a "$donor/feed" "$feed.part"; }
  for project in "$root"/eng/feed/*.csproj "$root"/eng/contracts/*.csproj; do
    project=$(basename "$project" .csproj)
    rm -rf "${artifacts:?}/packages/${project,,}"
  done
  mv "$feed.part" "$feed"
}

ensure_feed() {
  local key missing package
  key="$(feed_key) cuda=$cuda"
  [[ -f $feed/.complete && $(<"$feed/.complete") == "$key" ]] && return
  adopt_feed .complete "$key" && return
  need dotnet
  # The folder must not be there while the registry is asked, and is only complete at the end.
  rm -rf "$feed"
  missing=$(probe_registry "$root/eng/feed/probe.csproj")
  mkdir -p "$feed"
  # Whatever the answer, none of these may be taken from an earlier one.
  for package in $(wanted_packages "$root/eng/feed/probe.csproj"); do forget "$package"; done
  if [[ -z $missing ]]; then
    say "the registry is complete; official packages are used"
  else
    say "not in the registry, packed locally: ${missing//$'\n'/, }"
    for package in $missing; do pack "$package"; done
  fi
  rm -rf "$downloads" "$artifacts/feed-build"
  echo "$key" >"$feed/.complete"
}

# Azure Functions and Durable Task: the official packages, or contracts of all of them. Which it is, projects learn from registry.props.
ensure_contracts() {
  local contracts=$root/eng/contracts key missing project official=true
  key=$(cd "$contracts" && find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-16)
  [[ -f $feed/.contracts && $(<"$feed/.contracts") == "$key" ]] && return
  adopt_feed .contracts "$key" && return
  rm -f "$feed/.contracts" "$feed/registry.props"
  for project in "$contracts"/*.csproj; do forget "$(basename "$project" .csproj)"; done
  missing=$(probe_registry "$contracts/probe.csproj")
  if [[ -n $missing ]]; then
    official=false
    say "not in the registry: ${missing//$'\n'/, }; packing contracts (compile only, never deploy)"
    dotnet pack "$contracts/contracts.slnx" -c Release --disable-build-servers -m:2 -nodeReuse:false >"$artifacts/pack.log" 2>&1 \
      || { cat "$artifacts/pack.log" >&2; die "packing the contracts failed"; }
    rm -rf "$artifacts/feed-build"
  fi
  echo "<Project><PropertyGroup><OfficialFunctions>$official</OfficialFunctions></PropertyGroup></Project>" >"$feed/registry.props"
  echo "$key" >"$feed/.contracts"
}

ensure_node() {
  local node=$artifacts/node key
  key=$(sha256sum <"$root/eng/package-lock.json")
  [[ -f $node/.complete && $(<"$node/.complete") == "$key" ]] && return
  need node; need npm
  say "installing node tools"
  rm -rf "$node"; mkdir -p "$node"
  cp "$root/eng/package.json" "$root/eng/package-lock.json" "$root/eng/.npmrc" "$node/"
  (cd "$node" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier >"$artifacts/npm.log" 2>&1) \
    || { cat "$artifacts/npm.log" >&2; die "npm ci failed"; }
  echo "$key" >"$node/.complete"
}

cuda=false
if [[ ${BATCHEVAL_CUDA:-} == 1 || ( -z ${BATCHEVAL_CUDA:-} && -e /dev/nvidiactl ) ]]; then cuda=true; fi

if [[ -n ${BATCHEVAL_ARTIFACTS_SEED:-} && ! -d $feed ]]; then
  [[ -d $BATCHEVAL_ARTIFACTS_SEED ]] || die "BATCHEVAL_ARTIFACTS_SEED is no folder: $BATCHEVAL_ARTIFACTS_SEED"
  seed_from "$BATCHEVAL_ARTIFACTS_SEED"
fi
ensure_node &
node_job=$!
ensure_feed
ensure_contracts
wait "$node_job"
