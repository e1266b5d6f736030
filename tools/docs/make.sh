#!/bin/sh
# Makes what the documents show of attn's output: the README's outputs and the
# pictures. Run it when the output has changed, or the built-in model.
#
#	sh tools/docs/make.sh
#
# Nothing but Go is needed.
set -eu
cd "$(dirname "$0")/../.."
text='a fluffy blue creature roamed the verdant forest'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

go run ./tools/docs/readme README.md

go build -o "$scratch/attn" ./cmd/attn
go build -o "$scratch/picture" ./tools/docs/picture
TERM=xterm-256color COLORTERM=truecolor COLUMNS=100 \
	"$scratch/attn" trace --color always "$text" >"$scratch/trace.txt"
"$scratch/picture" -command "attn trace \"$text\"" <"$scratch/trace.txt" >docs/walk.svg
"$scratch/picture" -command "attn trace \"$text\"" -blocks 6,8,10,13 <"$scratch/trace.txt" >docs/trace.svg
