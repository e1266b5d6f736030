#!/bin/sh
# Compiles the kernels of internal/kernels/cuda to PTX with clang alone: no
# toolkit of NVIDIA's, no GPU. Each file says on top which sources it is made of
# (internal/kernels/cuda/sources_test.go compares).
#
#   apt-get install clang-22
#   sh tools/cuda/make.sh
set -eu
cd "$(dirname "$0")/../../internal/kernels/cuda"
clang=${CLANG:-clang-22}

made=$(mktemp)
trap 'rm -f "$made"' EXIT

for source in *.cu; do
	# -ffp-contract=off: a product and a sum are rounded twice, as on the CPU
	"$clang" -x cuda -std=c++17 -nocudainc -nocudalib --cuda-device-only --cuda-gpu-arch=sm_80 \
		--cuda-feature=+ptx70 -O3 -ffp-contract=off -Wall -Werror -S "$source" -o "$made"
	{
		printf '// made by tools/cuda/make.sh of %s, sha256 %s\n' "$source" "$(cat "$source" ./*.h | sha256sum | cut -d' ' -f1)"
		sed -e 's|[ 	]*//.*||' -e '/^[ 	]*$/d' "$made"
	} >"ptx/${source%.cu}.ptx"
done
if grep -l '\.local' ptx/*.ptx; then
	echo 'these keep something in local memory' >&2
	exit 1
fi
