#!/bin/sh
# Builds, checks and times attn's CUDA backend on a machine with an NVIDIA GPU, in
# less than ten minutes, and writes bench/CUDA.md:
#
#   sh tools/gpu/gpu.sh
#
# It needs Go, this repository and NVIDIA's driver, nothing else. What else there
# is, it uses: compute-sanitizer of the CUDA toolkit, PyTorch that python3 can
# import, Gemma 3 270M (GEMMA=FILE.gguf, or where .ci/run keeps it).
#
# Where the GPU's machine has no Go, or no network for Go's modules, build on
# another machine, and bring the folder along, beside the repository:
#
#   sh tools/gpu/gpu.sh --build DIR       makes attn and cuda.test, for linux/amd64
#   BUILT=DIR sh tools/gpu/gpu.sh
#
# A check that fails stops nothing: what was measured is written in any case, and
# the exit code is 1. What there was no time for is said.
#
# Nothing here has ever been run on a GPU: see README.md.
set -u
device=cuda
seconds=570 # that all of it may take
started=$(date +%s)

usage() {
	printf 'usage: sh tools/gpu/gpu.sh [--build DIR]\n' >&2
	exit 2
}

# whole PATH is a path that means the same from the repository's root.
whole() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$PWD/$1" ;;
	esac
}

case ${1-} in
'') built=${BUILT:+$(whole "$BUILT")} ;;
--build)
	[ $# = 2 ] || usage
	built=$(whole "$2")
	;;
*) usage ;;
esac
gemma=${GEMMA:+$(whole "$GEMMA")}
gemma=${gemma:-${ATTN_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/attn-ci}/gemma3-270m/gemma3.gguf}
cd "$(dirname "$0")/../.." || exit

# build DIR makes attn and the tests of its kernels, and notes of which commit.
build() {
	mkdir -p "$1" &&
		{ git describe --always --dirty --exclude '*' 2>/dev/null || echo unknown; } >"$1/commit" &&
		CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -o "$1/attn" ./cmd/attn &&
		CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go test -c -trimpath -o "$1/cuda.test" ./internal/kernels/cuda
}
if [ "${1-}" = --build ]; then
	build "$built" || exit
	printf 'built: %s/attn and %s/cuda.test\n' "$built" "$built"
	exit
fi

scratch=$(mktemp -d) || exit
: >"$scratch/head.md"
: >"$scratch/checks.md"
: >"$scratch/times.md"
report=$scratch/checks.md
failed=

# finish writes what there is, however the script ends.
finish() {
	code=$?
	trap - EXIT INT TERM
	if [ -s "$scratch/head.md" ]; then
		mkdir -p bench
		{
			cat "$scratch/head.md"
			printf '\n## Checks\n\n'
			cat "$scratch/checks.md"
			printf '\n## Times\n\n'
			cat "$scratch/times.md"
		} >bench/CUDA.md
		printf '\nwritten: bench/CUDA.md, in %s s\n' "$(($(date +%s) - started))"
	fi
	rm -rf "$scratch"
	if [ -n "$failed" ]; then
		printf 'FAILED: %s\n' "${failed#, }" >&2
		[ "$code" != 0 ] || code=1
	fi
	exit "$code"
}
trap finish EXIT
trap 'failed="$failed, interrupted"; exit 130' INT
trap 'failed="$failed, interrupted"; exit 143' TERM

say() { printf '\n== %s\n' "$*"; }
note() { printf '%s\n' "$*" | tee -a "$report"; }

# left is how many seconds there still are, and bound N no more than N of them.
left() { printf '%s\n' "$((seconds - $(date +%s) + started))"; }
bound() {
	n=$(left)
	[ "$n" -lt "$1" ] || n=$1
	[ "$n" -gt 0 ] || n=1
	printf '%s\n' "$n"
}

# limited N COMMAND... ends a program after N seconds, with exit code 124. It stays in
# the foreground, where Ctrl-C reaches it, unless what it starts has to end with it.
front=--foreground
limited() {
	n=$(bound "$1")
	shift
	# shellcheck disable=SC2086 # a word, or none
	timeout $front -k 5 "$n" "$@"
}
attn() { limited 120 "$program" "$@"; }

# late NAME reports, and notes, that there is no time left for something.
late() {
	[ "$(left)" -lt 10 ] || return 1
	note "- $1: skipped, the time was over"
}

# check NAME COMMAND... runs a check, and keeps what came of it.
check() {
	name=$1
	shift
	late "$name" && return
	"$@" >"$scratch/out.txt" 2>&1
	case $? in
	0)
		note "- $name: ok"
		return
		;;
	124 | 137) note "- $name: **FAILED**, its time was over" ;;
	*) note "- $name: **FAILED**" ;;
	esac
	failed="$failed, $name"
	tail -n 40 "$scratch/out.txt"
}

# same ARGUMENTS... traces on both devices: attn diff finds the first step that
# parts, and its exit code says whether one does.
same() {
	for on in cpu $device; do
		rm -f "$scratch/$on.safetensors"
		attn trace -q --device "$on" --save "$scratch/$on.safetensors" "$@" >/dev/null || return 1
	done
	attn diff "$scratch/cpu.safetensors" "$scratch/$device.safetensors"
}

# numbers N M are N token ids below M.
numbers() { awk -v n="$1" -v m="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s%d", i ? "," : "", (i * 7919 + 13) % m }'; }

# tinies traces every tiny model of the tests: 60 tokens, or as many as it reads.
tinies() {
	for dir in testdata/tiny/*/; do
		[ -f "$dir/config.json" ] || continue
		for context in 60 30 20 10 7; do
			"$program" trace -q --device cpu --model "$dir" --context $context --ids "$(numbers 60 37)" >/dev/null 2>&1 && break
		done
		if ! same --model "$dir" --record all --context $context --ids "$(numbers 60 37)"; then
			printf 'in %s\n' "$dir"
			return 1
		fi
	done
}

# wide D [ARGUMENTS...] traces a random model whose heads are so wide.
wide() {
	width=$1
	shift
	same --layers 2 --heads 4 --kv-heads 2 --d-head "$width" --d-model 256 "$@"
}
wides() {
	for d in 64 128 256; do
		printf 'd_head %s\n' $d
		wide $d --record all --ids "$(numbers 230 2000)" || return 1
		wide $d --tile 100:180,0:90 --ids "$(numbers 230 2000)" || return 1
	done
}
long() { wide 64 --context 3000 --tile 2000:2080,500:570 --ids "$(numbers 3000 2000)"; }

# again traces twice, and compares bit by bit.
again() {
	for arguments in '--record all' '--tile 100:180,0:90'; do
		for i in 1 2; do
			rm -f "$scratch/run$i.safetensors"
			# shellcheck disable=SC2086 # two words
			attn trace -q --device $device $arguments --context 230 --save "$scratch/run$i.safetensors" "$text" >/dev/null || return 1
		done
		cmp "$scratch/run1.safetensors" "$scratch/run2.safetensors" || return 1
	done
}

# tests SECONDS NAMES runs tests of the kernels on the GPU; before is what runs them.
before=
tests() (
	cd internal/kernels/cuda || exit
	# shellcheck disable=SC2086 # several words, or none
	ATTN_TEST_CUDA=1 limited "$1" $before "$cudatest" -test.count=1 -test.v -test.run "$2"
)

# sanitize TOOL SECONDS runs each kernel under compute-sanitizer, one of each kind
# first; it takes many times as long, so that not all may be reached.
sanitize() {
	late "compute-sanitizer $1" && return
	before="compute-sanitizer --tool $1 --error-exitcode 9" front=
	tests "$2" '^TestEachKernelOnGPU$' >"$scratch/out.txt" 2>&1
	code=$?
	before= front=--foreground
	begun=$(grep -c '=== RUN .*/' "$scratch/out.txt")
	found=$(grep '^=========' "$scratch/out.txt" | grep -vc -e COMPUTE-SANITIZER -e 'SUMMARY: 0' -e 'terminate successfully')
	case $code in
	0) note "- compute-sanitizer $1, each kernel: ok" ;;
	124 | 137)
		if [ "$found" = 0 ]; then
			note "- compute-sanitizer $1: nothing found in the first $begun kernels; then its time was over"
			return
		fi
		;;
	esac
	[ "$code" = 0 ] && return
	failed="$failed, compute-sanitizer $1"
	note "- compute-sanitizer $1, each kernel: **FAILED**"
	grep '^=========' "$scratch/out.txt" | head -n 40
	tail -n 20 "$scratch/out.txt"
}

# table ARGUMENTS... times, and keeps the table, whatever else is said.
table() {
	late "attn bench $*" && return
	# shellcheck disable=SC2086 # two words, or none
	if ! limited 150 "$program" bench --device $device -q --time 1s --memory 16 $compare "$@" >"$scratch/out.txt" 2>&1; then
		failed="$failed, attn bench $*"
		note "**FAILED**: attn bench $*"
		note ''
	fi
	sed 's/^/    /' "$scratch/out.txt" | tee -a "$report"
	note ''
}

say build
if [ -z "$built" ]; then
	command -v go >/dev/null || {
		printf 'there is no Go here: build elsewhere (--build), and say where it lies (BUILT)\n' >&2
		exit 1
	}
	built=$scratch
	build "$built" || exit
fi
program=$built/attn cudatest=$built/cuda.test
for file in "$program" "$cudatest"; do
	[ -x "$file" ] || {
		printf 'no program: %s\n' "$file" >&2
		exit 1
	}
done
attn version | tee "$scratch/version.txt"
if ! attn trace -q --device $device hello >/dev/null; then
	printf 'no GPU to measure: nothing is written\n' >&2
	exit 1
fi
{
	printf '# attn on a GPU\n\nMade by `sh tools/gpu/gpu.sh` on %s, of commit %s.\n\n' \
		"$(date -u +%Y-%m-%d)" "$(cat "$built/commit" 2>/dev/null || echo unknown)"
	sed -n '/^CUDA/,$p' "$scratch/version.txt" | sed 's/^/    /'
	if command -v nvidia-smi >/dev/null; then
		nvidia-smi --query-gpu=name,driver_version,power.limit,clocks.max.sm --format=csv | sed 's/^/    /'
	fi
} >"$scratch/head.md"

say checks
words='a fluffy blue creature roamed the verdant forest while the old mole slept under a tall tree and the river kept its quiet song'
text=
while [ "${#text}" -lt 1500 ]; do text="$text $words"; done
check 'every kernel against ref (kernelstest)' tests 240 '^Test(Transfers)?OnGPU$'
check 'products in large tiles, of every stored type' tests 100 '^TestLargeTilesOnGPU$'
check 'the story model, 230 tokens: every step as on the CPU' same --record all --context 230 "$text"
check 'heads of 64, 128 and 256, 230 tokens: every step, and what is told of patterns, as on the CPU' wides
check '3000 tokens: what is told of patterns, and a part of them, as on the CPU' long
check 'tiny models of every family: every step as on the CPU' tinies
if [ -f "$gemma" ]; then
	check 'Gemma 3 270M, 230 tokens: every step as on the CPU' same --model "$gemma" --record all --context 230 "$text"
else
	note '- Gemma 3 270M: not here'
fi
check 'the same bits from run to run' again

say times
report=$scratch/times.md
compare=
if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
	compare='--compare torch'
else
	note 'python3 has no PyTorch with CUDA: attn alone.'
	note ''
fi
table --op matmul --n 512,1024,2048,4096
table --op attention --n 1024,4096 --heads 12 --d-head 64
table --op attention --n 1024,4096 --heads 12 --d-head 128
table --op trace --n 1024 --layers 12 --heads 12 --d-model 768 --d-vocab 50257 \
	--record '*attn.hook_pattern,*hook_resid_pre,blocks.11.hook_resid_post'
begin=$(date +%s%N)
attn trace -q --device $device hello >/dev/null
note "A first word on the GPU, from the shell: $((($(date +%s%N) - begin) / 1000000)) ms."
note ''
table --op matmul --shape 1x4096x4096,16x4096x4096,512x4096x4096 --dtype f32,f16,bf16,q8_0,q4_0
compare= # it hands out no such steps
table --op forward,trace --n 256,1024 --layers 12 --heads 12 --d-model 768 --record all

say sanitizer
report=$scratch/checks.md
if command -v compute-sanitizer >/dev/null; then
	check 'compute-sanitizer memcheck, a trace' limited 60 compute-sanitizer --tool memcheck --error-exitcode 9 \
		"$program" trace -q --device $device 'a fluffy blue creature'
	sanitize memcheck $(($(left) / 2))
	sanitize racecheck "$(left)"
else
	note '- compute-sanitizer: not here'
fi
