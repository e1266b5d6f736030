#!/bin/sh
# Makes every golden again: the tiny models, the quantised files and their traces, that of the
# built-in story model, and the tokenizer's. PYTHON names an interpreter that
# has requirements.txt installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}
export HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 TRANSFORMERS_VERBOSITY=error PYTHONDONTWRITEBYTECODE=1

cd "$here"
"$python" tiny.py "$root/testdata/tiny"
"$python" families.py "$root/testdata/tiny"
"$python" quantised.py "$root/testdata/gguf"
mkdir -p "$root/testdata/tiny/story"
"$python" trace.py --model "$root/internal/model/builtin/story" \
	--text "a fluffy blue creature roamed the verdant forest" \
	--out "$root/testdata/tiny/story/trace.safetensors"
"$python" tokenizer_goldens.py --tokenizer "$root/internal/model/builtin/story/tokenizer.json" \
	--out "$root/testdata/tokenizer/story.jsonl.gz"
"$python" tokenizer_goldens.py --all "$root/testdata/tokenizer"
"$python" tokenizer_kinds.py --out "$root/testdata/tokenizer"
