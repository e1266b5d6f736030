#!/bin/sh
# Builds, checks and times attn's CUDA backend on a machine with an NVIDIA GPU, in
# less than ten minutes, and writes bench/CUDA.md:  sh tools/gpu/gpu.sh
#
# It needs Go, this repository and NVIDIA's driver, nothing else. What else there
# is, it uses: compute-sanitizer of the CUDA toolkit, PyTorch that python3 can
# import, Gemma 3 270M (GEMMA=FILE.gguf, or where .ci/run keeps it).
#
# Nothing here has ever been run on a GPU: see README.md.
set -eu
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
attn=$scratch/attn
report=$scratch/CUDA.md
gemma=${GEMMA:-${ATTN_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/attn-ci}/gemma3-270m/gemma3.gguf}
failed=

say() { printf '\n== %s\n' "$*"; }
note() { printf '%s\n' "$*" | tee -a "$report"; }

# check NAME COMMAND... runs a check, and keeps what came of it.
check() {
	name=$1
	shift
	if "$@" >"$scratch/out.txt" 2>&1; then
		note "- $name: ok"
	else
		failed="$failed, $name"
		note "- $name: **FAILED**"
		tail -n 40 "$scratch/out.txt"
	fi
}

# same MODEL WORDS... traces every step on both devices: attn diff finds the first
# that parts, and its exit code says whether one does.
same() {
	model=$1
	shift
	for device in cpu cuda; do
		"$attn" trace -q --model "$model" --device $device --record all --save "$scratch/$device.safetensors" "$@" >/dev/null
	done
	"$attn" diff "$scratch/cpu.safetensors" "$scratch/cuda.safetensors"
}

# tinies traces every tiny model of the tests.
tinies() {
	for dir in testdata/tiny/*/; do
		if [ -f "$dir/config.json" ] && ! same "$dir" --ids 1,2,3,4,5,6,7; then
			printf 'in %s\n' "$dir"
			return 1
		fi
	done
}

say build
CGO_ENABLED=0 go build -trimpath -o "$attn" ./cmd/attn
CGO_ENABLED=0 go test -c -o "$scratch/cuda.test" ./internal/kernels/cuda
"$attn" version
if ! "$attn" trace -q --device cuda hello >/dev/null; then
	printf 'no GPU to measure: nothing is written\n' >&2
	exit 1
fi

say checks
{
	printf '# attn on a GPU\n\nMade by `sh tools/gpu/gpu.sh` on %s, of commit %s.\n\n' "$(date -u +%Y-%m-%d)" "$(git rev-parse --short HEAD)"
	"$attn" version | sed -n '/^CUDA/,$p' | sed 's/^/    /'
	if command -v nvidia-smi >/dev/null; then
		nvidia-smi --query-gpu=name,driver_version,power.limit,clocks.max.sm --format=csv | sed 's/^/    /'
	fi
	printf '\n## Checks\n\n'
} >"$report"
kernels() { (cd internal/kernels/cuda && ATTN_TEST_CUDA=1 "$scratch/cuda.test" -test.count=1 -test.v -test.run 'OnGPU$'); }
check 'every kernel against ref (kernelstest)' kernels
check 'the story model: every step as on the CPU' same story 'a fluffy blue creature roamed the verdant forest'
check 'tiny models of every family: every step as on the CPU' tinies
if [ -f "$gemma" ]; then
	check 'Gemma 3 270M: every step as on the CPU' same "$gemma" 'a fluffy blue creature roamed the verdant forest'
else
	note '- Gemma 3 270M: not here'
fi
again() {
	for i in 1 2; do
		"$attn" trace -q --device cuda --record all --save "$scratch/run$i.safetensors" 'a fluffy blue creature' >/dev/null
	done
	cmp "$scratch/run1.safetensors" "$scratch/run2.safetensors"
}
check 'the same bits from run to run' again
for tool in memcheck racecheck; do
	if command -v compute-sanitizer >/dev/null; then
		check "compute-sanitizer $tool" compute-sanitizer --tool "$tool" --error-exitcode 9 \
			"$attn" trace -q --device cuda 'a fluffy blue creature'
	else
		note "- compute-sanitizer $tool: not here"
	fi
done

say times
compare=
if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
	compare='--compare torch'
fi
table() {
	"$attn" bench --device cuda -q --time 1s --memory 8 $compare "$@" >"$scratch/out.txt" 2>&1 || failed="$failed, attn bench $*"
	sed 's/^/    /' "$scratch/out.txt" | tee -a "$report"
}
note ''
note '## Times'
note ''
[ -n "$compare" ] || { note 'python3 has no PyTorch with CUDA: attn alone.'; note ''; }
table --op matmul --n 512,1024,2048,4096
table --op matmul --shape 1x4096x4096,16x4096x4096,512x4096x4096 --dtype f32,f16,bf16,q8_0,q4_0
table --op attention --n 1024,4096 --heads 12 --d-head 64
table --op attention --n 1024,4096 --heads 12 --d-head 128
table --op forward,trace --n 256,1024 --layers 12 --heads 12 --d-model 768

say start
begin=$(date +%s%N)
"$attn" trace -q --device cuda hello >/dev/null
note ''
note "A first word on the GPU, from the shell: $((($(date +%s%N) - begin) / 1000000)) ms."

mkdir -p bench
cp "$report" bench/CUDA.md
if [ -n "$failed" ]; then
	printf 'FAILED: %s (bench/CUDA.md says so)\n' "${failed#, }" >&2
	exit 1
fi
printf '\nwritten: bench/CUDA.md\n'
