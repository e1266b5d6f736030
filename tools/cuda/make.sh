#!/bin/sh
# Compiles the kernels of internal/kernels/cuda to PTX with clang alone: no
# toolkit of NVIDIA's, no GPU. Each file says on top which sources it is made of,
# and the sum of what follows (internal/kernels/cuda/sources_test.go compares). A source that asks for TYPE
# is compiled once for each type of weight, one that asks for COLUMNS for each width,
# to a file of its own, so that a GPU need not make ready what nobody uses.
#
#   apt-get install clang-22
#   sh tools/cuda/make.sh [FILE.cu ...]
set -eu
cd "$(dirname "$0")/../../internal/kernels/cuda"
clang=${CLANG:-clang-22}

made=$(mktemp) body=$(mktemp)
trap 'rm -f "$made" "$body"' EXIT

sum() { sha256sum | cut -d' ' -f1; }

# compile SOURCE TO FLAGS...
compile() {
	source=$1 to=$2
	shift 2
	# -ffp-contract=off: a product and a sum are rounded twice, as on the CPU
	"$clang" -x cuda -std=c++17 -nocudainc -nocudalib --cuda-device-only --cuda-gpu-arch=sm_80 \
		--cuda-feature=+ptx70 -O3 -ffp-contract=off -Wall -Werror "$@" -S "$source" -o "$made"
	sed -e 's|[ 	]*//.*||' -e '/^[ 	]*$/d' "$made" >"$body"
	{
		printf '// made by tools/cuda/make.sh of %s, sha256 %s, to sha256 %s\n' "$source" "$(cat "$source" ./*.h | sum)" "$(sum <"$body")"
		cat "$body"
	} >"ptx/$to.ptx"
}

types=$(sed -n '/^#define EACH_TYPE/,$s/X(\([A-Z0-9_]*\))/\1 /gp' weights.h | tr -d '\\')
[ $# -gt 0 ] || set -- *.cu
for source in "$@"; do
	name=${source%.cu}
	if grep -q 'SIZED(' "$source"; then
		for width in 64 128 256; do
			compile "$source" "${name}_$width" "-DCOLUMNS=$width"
		done
		continue
	fi
	if ! grep -q 'NAMED(' "$source"; then
		compile "$source" "$name"
		continue
	fi
	for type in $types; do
		case $type in
		F*|BF*) compile "$source" "${name}_$type" "-DTYPE=$type" ;;
		*) compile "$source" "${name}_$type" "-DTYPE=$type" -DBLOCKS ;;
		esac
	done
done
if grep -l '\.local' ptx/*.ptx; then
	echo 'these keep something in local memory' >&2
	exit 1
fi
