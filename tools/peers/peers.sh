#!/bin/sh
# Times attn beside its peers on this machine, in one run, and writes
# bench/PEERS.md:  sh tools/peers/peers.sh [--quick] [--again] [SECTION...]
#
# It needs Go, Python 3.10 or later, Node.js 20 or later and the package
# registries. What it installs and measures goes to a folder outside the
# repository; ATTN_PEERS says where.
set -eu
cd "$(dirname "$0")/../.."
home=${ATTN_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/attn-peers}
mkdir -p "$home"

# Each is installed once for what is pinned.
if ! cmp -s tools/peers/requirements.txt "$home/requirements.txt"; then
	python3 -m venv "$home/venv"
	"$home/venv/bin/pip" install --quiet -r tools/peers/requirements.txt
	cp tools/peers/requirements.txt "$home/requirements.txt"
fi
# Without node-llama-cpp's scripts nothing is built: it brings llama.cpp compiled.
if ! cmp -s tools/peers/package.json "$home/installed.json"; then
	cp tools/peers/package.json "$home/package.json"
	npm install --prefix "$home" --ignore-scripts --no-audit --no-fund --silent
	cp tools/peers/package.json "$home/installed.json"
fi
cp tools/peers/llama.mjs "$home/llama.mjs"
CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$home/attn" ./cmd/attn
exec "$home/venv/bin/python" tools/peers/peers.py --home "$home" "$@"
