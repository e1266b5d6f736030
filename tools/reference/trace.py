"""Runs a Hugging Face model and writes what it computed as an attn trace file.

    python trace.py --model DIR --text "a fluffy blue creature" --out t.safetensors
    python trace.py --model DIR --ids 1,2,3 --out t.safetensors --steps 'blocks.0.*,unembed.*'
"""

import argparse
import fnmatch
import os

import tokenizers
import torch
import transformers
from transformers import AutoModelForCausalLM

import gpt2
import tracefile

RECORDERS = {"gpt2": gpt2.record}


def load(folder):
    """Loads a model to run in float32, with attention that shows its pattern."""
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    return model.eval()


def tokenize(folder, text):
    """Returns the trace file's list of tokens; start and end count bytes of text."""
    encoding = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json")).encode(text)
    tokens = []
    for pos, (id_, (start, end)) in enumerate(zip(encoding.ids, encoding.offsets)):
        before, piece = text[:start].encode(), text[start:end]
        tokens.append(_token(pos, id_, piece, len(before), len(before) + len(piece.encode())))
    return tokens


def _token(pos, id_, text="", start=0, end=0):
    return {"pos": pos, "id": id_, "text": text, "start": start, "end": end}


def from_ids(ids):
    """Returns tokens for ids alone, which have no text."""
    return [_token(pos, id_) for pos, id_ in enumerate(ids)]


def facts(model, name):
    """Returns what a trace says about its model."""
    c = model.config
    return {
        "name": name,
        "family": c.model_type,
        "layers": c.num_hidden_layers,
        "heads": c.num_attention_heads,
        "kv_heads": c.num_attention_heads,
        "d_model": c.hidden_size,
        "d_head": c.hidden_size // c.num_attention_heads,
        "d_vocab": c.vocab_size,
    }


def trace(folder, tokens, out, patterns=("*",)):
    """Runs the model in folder on tokens and writes the steps that match a pattern."""
    model = load(folder)
    record = RECORDERS.get(model.config.model_type)
    if record is None:
        raise SystemExit(f"trace.py: no recorder for model_type {model.config.model_type!r} ({', '.join(RECORDERS)})")
    steps = record(model, [token["id"] for token in tokens])
    steps = {name: value for name, value in steps.items() if any(fnmatch.fnmatchcase(name, p) for p in patterns)}
    if not steps:
        raise SystemExit(f"trace.py: no step matches {','.join(patterns)}")
    tracefile.write(out, steps, {
        "attn.schema": "attn.trace/1",
        "attn.tokens": tokens,
        "attn.model": facts(model, os.path.basename(os.path.normpath(folder))),
        "attn.steps": [{"name": name} for name in steps],
        "attn.reference": {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]},
        "attn.weights_sha256": tracefile.sha256(os.path.join(folder, "model.safetensors")),
    })  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, metavar="DIR")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--ids", metavar="1,2,3")
    what.add_argument("--text")
    parser.add_argument("--out", required=True, metavar="FILE.safetensors")
    parser.add_argument("--steps", default="*", metavar="GLOB[,GLOB]")
    args = parser.parse_args()
    tokens = tokenize(args.model, args.text) if args.ids is None else from_ids([int(i) for i in args.ids.split(",")])
    trace(args.model, tokens, args.out, args.steps.split(","))


if __name__ == "__main__":
    main()
