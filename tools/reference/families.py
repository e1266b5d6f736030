"""Makes a tiny random model of every decoder family, and the trace of each.

    python families.py OUT [NAME...]                                  all, or those named, as OUT/NAME
    python families.py --model DIR --ids 1,2,3 --trace t.safetensors  a trace of any model of these families

Sizes are unlike each other where the family lets them; every gain, bias and
sink is random: a mix-up of two axes, or a forgotten bias, changes the numbers.
"""

import argparse
import fnmatch
import os
import zlib

import torch
import transformers
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

import decoder
import layouts
import trace
import tracefile

IDS = [3, 17, 36, 5, 17, 40, 22, 9, 7, 30, 17, 11]

# What every configuration shares; token ids that a tiny vocabulary lacks are none.
COMMON = dict(vocab_size=43, num_hidden_layers=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=None)

LLAMA = dict(hidden_size=24, intermediate_size=37, num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-5)
# Wide heads, so that a scaling has several frequencies to treat differently.
ROPE = LLAMA | dict(hidden_size=18, intermediate_size=23, num_attention_heads=3, num_key_value_heads=1, head_dim=14)
GEMMA = dict(hidden_size=20, intermediate_size=33, num_attention_heads=4, num_key_value_heads=2, head_dim=6)
NEOX = dict(hidden_size=40, intermediate_size=50, num_attention_heads=4, rotary_pct=0.4)


def rope(theta=10000.0, **parameters):
    return dict(rope_parameters={"rope_theta": theta, **parameters})


# name: model_type and configuration
MODELS = {
    "llama": ("llama", LLAMA | dict(num_hidden_layers=3, hidden_size=36, num_attention_heads=6)),
    "llama-mha": ("llama", LLAMA | dict(hidden_size=18, num_attention_heads=3, num_key_value_heads=3) | rope(500.0, rope_type="default")),
    "llama-bias": ("llama", LLAMA | dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True)),
    "llama-linear": ("llama", ROPE | rope(rope_type="linear", factor=2.5)),
    "llama-dynamic": ("llama", ROPE | dict(max_position_embeddings=8) | rope(rope_type="dynamic", factor=3.0)),
    "llama-llama3": ("llama", ROPE | rope(
        500.0, rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)),
    "llama-yarn": ("llama", ROPE | rope(
        500.0, rope_type="yarn", factor=4.0, beta_fast=8.0, beta_slow=1.0, original_max_position_embeddings=64)),
    "llama-longrope": ("llama", ROPE | dict(max_position_embeddings=32) | rope(
        rope_type="longrope", factor=4.0, original_max_position_embeddings=8,
        short_factor=[1.0, 1.05, 1.1, 1.2, 1.4, 1.7, 2.0], long_factor=[1.1, 1.3, 1.9, 2.8, 4.1, 6.0, 9.0])),
    "llama-longrope-short": ("llama", ROPE | dict(max_position_embeddings=64) | rope(
        rope_type="longrope", factor=4.0, original_max_position_embeddings=16,
        short_factor=[1.0, 1.05, 1.1, 1.2, 1.4, 1.7, 2.0], long_factor=[1.1, 1.3, 1.9, 2.8, 4.1, 6.0, 9.0])),
    "mistral": ("mistral", LLAMA | dict(head_dim=10, sliding_window=5)),
    "mistral-full": ("mistral", LLAMA | dict(sliding_window=None)),
    "qwen2": ("qwen2", LLAMA | dict(tie_word_embeddings=True)),
    "qwen2-sliding": ("qwen2", LLAMA | dict(
        num_hidden_layers=3, use_sliding_window=True, sliding_window=4, max_window_layers=1)),
    "qwen3": ("qwen3", LLAMA | dict(head_dim=10, tie_word_embeddings=True)),
    "gemma": ("gemma", GEMMA | dict(num_key_value_heads=1)),
    "gemma2": ("gemma2", GEMMA | dict(
        num_hidden_layers=3, sliding_window=5, query_pre_attn_scalar=9, attn_logit_softcapping=2.5, final_logit_softcapping=4.0)),
    "gemma3_text": ("gemma3_text", GEMMA | dict(
        num_hidden_layers=4, num_key_value_heads=1, sliding_window=5, query_pre_attn_scalar=9, sliding_window_pattern=3,
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 700.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 30.0}})),
    "gemma3_text-six": ("gemma3_text", dict(
        hidden_size=16, intermediate_size=21, num_attention_heads=2, num_key_value_heads=1, head_dim=6,
        num_hidden_layers=7, sliding_window=4, query_pre_attn_scalar=6)),
    "gpt_neox": ("gpt_neox", NEOX),
    "gpt_neox-serial": ("gpt_neox", NEOX | dict(
        hidden_size=24, num_attention_heads=3, intermediate_size=35, use_parallel_residual=False, rotary_pct=0.25)),
}  # fmt: skip


def randomise(model, seed):
    """Fills every parameter, so that attention is uneven and nothing is 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    owner = {f"{name}.{leaf}": module for name, module in model.named_modules() for leaf, _ in module.named_parameters(recurse=False)}
    for name, p in sorted(model.named_parameters()):
        noise = torch.randn(p.shape, generator=generator)
        module = owner[name]
        if "Norm" in type(module).__name__ and name.endswith("weight"):
            values = (0 if decoder.one_based(module) else 1) + 0.3 * noise
        elif p.ndim == 1:
            values = 0.2 * noise
        elif isinstance(module, nn.Embedding):
            values = 0.6 * noise
        else:
            values = 1.2 * noise / p.shape[-1] ** 0.5
        p.data.copy_(values)


def make(folder, model_type, config, seed):
    """Writes config.json and model.safetensors."""
    torch.manual_seed(seed)
    config = AutoConfig.for_model(model_type, **{**COMMON, **config})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    randomise(model, seed)
    model.save_pretrained(folder)
    extra = os.path.join(folder, "generation_config.json")
    if os.path.exists(extra):
        os.remove(extra)
    os.chmod(os.path.join(folder, "model.safetensors"), 0o644)


def facts(model, steps, name):
    """Returns what a trace says about its model."""
    c = model.config
    pos, heads, d_head = steps["blocks.0.attn.hook_q"].shape
    return {
        "name": name,
        "family": c.model_type,
        "layers": c.num_hidden_layers,
        "heads": heads,
        "kv_heads": steps["blocks.0.attn.hook_k"].shape[1],
        "d_model": steps["blocks.0.hook_resid_pre"].shape[-1],
        "d_head": d_head,
        "d_vocab": steps["unembed.hook_out"].shape[-1],
    }


def load(folder):
    """Loads a model to run in float32, with attention that shows its pattern."""
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    config = AutoConfig.from_pretrained(folder)
    layout = layouts.LAYOUTS[config.model_type](config)
    model = AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation=layout.implementation, experts_implementation="eager", dtype=torch.float32
    )
    return model.eval(), layout


def write_trace(folder, tokens, out, patterns=("*",)):
    """Runs the model in folder on tokens and writes the steps that match a pattern."""
    model, layout = load(folder)
    steps = decoder.record(model, [token["id"] for token in tokens], layout)
    about = facts(model, steps, os.path.basename(os.path.normpath(folder)))
    steps = {name: value for name, value in steps.items() if any(fnmatch.fnmatchcase(name, p) for p in patterns)}
    tracefile.write(out, steps, {
        "attn.schema": "attn.trace/1",
        "attn.tokens": tokens,
        "attn.model": about,
        "attn.steps": [{"name": name} for name in steps],
        "attn.reference": {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]},
        "attn.weights_sha256": tracefile.sha256(os.path.join(folder, "model.safetensors")),
    })  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", metavar="OUT")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--model", metavar="DIR")
    parser.add_argument("--ids", metavar="1,2,3")
    parser.add_argument("--text")
    parser.add_argument("--trace", metavar="FILE.safetensors")
    parser.add_argument("--steps", default="*", metavar="GLOB[,GLOB]")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.model:
        tokens = trace.tokenize(args.model, args.text) if args.ids is None else trace.from_ids([int(i) for i in args.ids.split(",")])
        return write_trace(args.model, tokens, args.trace, args.steps.split(","))
    for name, (model_type, config) in MODELS.items():
        if args.names and name not in args.names:
            continue
        folder = os.path.join(args.out, name)
        make(folder, model_type, config, zlib.crc32(name.encode()))
        write_trace(folder, trace.from_ids(IDS), os.path.join(folder, "trace.safetensors"))
        print(f"{name}: {sum(f.stat().st_size for f in os.scandir(folder)) / 1024:.0f} KB")


if __name__ == "__main__":
    main()
