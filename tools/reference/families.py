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
from transformers import AutoConfig, AutoModelForCausalLM, Mxfp4Config

import decoder
import hubconfig
import layouts
import mxfp4
import trace
import tracefile

IDS = [3, 17, 36, 5, 17, 40, 22, 9, 7, 30, 17]

# What every configuration shares; token ids that a tiny vocabulary lacks are none.
COMMON = dict(vocab_size=43, num_hidden_layers=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=None)

LLAMA = dict(hidden_size=24, intermediate_size=37, num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-2)
SMALL = LLAMA | dict(hidden_size=18, intermediate_size=23, num_attention_heads=3, num_key_value_heads=1)
# Wide heads, so that a scaling has several frequencies to treat differently.
ROPE = SMALL | dict(head_dim=14)
GEMMA = dict(hidden_size=20, intermediate_size=27, num_attention_heads=4, num_key_value_heads=2, head_dim=6, rms_norm_eps=1e-2)
SHORT = dict(hidden_size=24, intermediate_size=37, num_attention_heads=4, layer_norm_eps=1e-2)
NEOX = dict(hidden_size=30, intermediate_size=37, num_attention_heads=3, rotary_pct=0.4, layer_norm_eps=1e-2)


MOE = dict(
    hidden_size=18, intermediate_size=23, num_attention_heads=4, num_key_value_heads=2, head_dim=6,
    moe_intermediate_size=11, num_experts=5, num_experts_per_tok=2, rms_norm_eps=1e-2,
)  # fmt: skip
MLA = dict(
    num_hidden_layers=3, hidden_size=21, intermediate_size=29, num_attention_heads=3, num_key_value_heads=3,
    kv_lora_rank=10, qk_nope_head_dim=4, qk_rope_head_dim=6, v_head_dim=7, moe_intermediate_size=9,
    n_routed_experts=8, n_shared_experts=2, num_experts_per_tok=3, first_k_dense_replace=1, rms_norm_eps=1e-2,
)  # fmt: skip


def rope(theta=10000.0, **parameters):
    return dict(rope_parameters={"rope_theta": theta, **parameters})


# name: model_type and configuration
MODELS = {
    "llama": ("llama", LLAMA | dict(hidden_size=30, num_attention_heads=6, head_dim=4)),
    "llama-mha": ("llama", SMALL | dict(num_key_value_heads=3) | rope(500.0, rope_type="default")),
    "llama-bias": ("llama", SMALL | dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True)),
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
    "mistral-full": ("mistral", SMALL | dict(sliding_window=None)),
    "qwen2": ("qwen2", SMALL | dict(tie_word_embeddings=True)),
    "qwen2-sliding": ("qwen2", SMALL | dict(
        num_hidden_layers=3, use_sliding_window=True, sliding_window=4, max_window_layers=1)),
    "qwen3": ("qwen3", SMALL | dict(head_dim=10, tie_word_embeddings=True)),
    "gemma": ("gemma", GEMMA | dict(num_key_value_heads=1)),
    "gemma2": ("gemma2", GEMMA | dict(
        num_hidden_layers=3, sliding_window=5, query_pre_attn_scalar=9, attn_logit_softcapping=2.5, final_logit_softcapping=4.0)),
    "gemma3_text": ("gemma3_text", GEMMA | dict(
        num_hidden_layers=4, hidden_size=18, num_attention_heads=3, num_key_value_heads=1, sliding_window=5,
        query_pre_attn_scalar=9, sliding_window_pattern=3,
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 700.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 30.0}})),
    "gpt_neox": ("gpt_neox", NEOX),
    "gpt_neox-serial": ("gpt_neox", NEOX | dict(
        hidden_size=24, use_parallel_residual=False, rotary_pct=0.25)),
    "gptj": ("gptj", dict(hidden_size=30, num_attention_heads=5, rotary_dim=4, n_inner=37, layer_norm_epsilon=1e-2)),
    "phi": ("phi", SHORT | dict(num_key_value_heads=4, partial_rotary_factor=0.4)),
    "phi-qk-norm": ("phi", SHORT | dict(qk_layernorm=True, hidden_act="gelu", partial_rotary_factor=0.7)),
    "phi3": ("phi3", LLAMA | dict(sliding_window=5)),
    "phi3-longrope": ("phi3", SMALL | dict(
        hidden_size=24, original_max_position_embeddings=8, partial_rotary_factor=0.75, tie_word_embeddings=True) | rope(
        rope_type="longrope", short_factor=[1.0, 1.1, 1.4], long_factor=[1.2, 2.8, 9.0], original_max_position_embeddings=8)),
    "opt": ("opt", dict(hidden_size=24, num_attention_heads=3, ffn_dim=37)),
    "opt-post-norm": ("opt", dict(
        hidden_size=24, num_attention_heads=4, ffn_dim=29, do_layer_norm_before=False, word_embed_proj_dim=14)),
    "bloom": ("bloom", dict(hidden_size=18, num_attention_heads=6, layer_norm_epsilon=1e-2)),
    "falcon": ("falcon", dict(hidden_size=30, num_attention_heads=5, ffn_hidden_size=41, layer_norm_epsilon=1e-2)),
    "falcon-new": ("falcon", dict(
        hidden_size=24, num_attention_heads=6, num_kv_heads=2, ffn_hidden_size=35, new_decoder_architecture=True, bias=True)),
    "falcon-new-one-norm": ("falcon", dict(
        hidden_size=16, num_attention_heads=4, num_kv_heads=2, ffn_hidden_size=23, new_decoder_architecture=True,
        num_ln_in_parallel_attn=1, tie_word_embeddings=False)),
    # Nine heads: a slope that is no power of two is rounded to bfloat16, and so is its product with the position.
    "falcon-alibi": ("falcon", dict(
        hidden_size=18, num_attention_heads=9, ffn_hidden_size=35, alibi=True, multi_query=False, parallel_attn=False, bias=True)),
    "stablelm": ("stablelm", SHORT | dict(num_key_value_heads=2, use_qkv_bias=True, partial_rotary_factor=0.4)),
    "stablelm-parallel": ("stablelm", SHORT | dict(
        num_key_value_heads=2, use_parallel_residual=True, qk_layernorm=True, partial_rotary_factor=0.4)),
    "olmo2": ("olmo2", LLAMA | dict(hidden_size=20, num_attention_heads=5, num_key_value_heads=1)),
    "cohere": ("cohere", SHORT | dict(num_key_value_heads=2, logit_scale=0.3)),
    "cohere-qk-norm": ("cohere", SHORT | dict(num_key_value_heads=2, logit_scale=0.3, use_qk_norm=True)),
    "starcoder2": ("starcoder2", dict(
        hidden_size=24, intermediate_size=37, num_attention_heads=4, num_key_value_heads=2, sliding_window=5, norm_epsilon=1e-2)),
    "smollm3": ("smollm3", SMALL | dict(
        num_hidden_layers=4, no_rope_layer_interval=3)),
    "gpt_bigcode": ("gpt_bigcode", dict(hidden_size=25, num_attention_heads=5, n_inner=29, layer_norm_epsilon=1e-2)),
    "gpt_bigcode-mha": ("gpt_bigcode", dict(hidden_size=18, num_attention_heads=3, n_inner=23, multi_query=False)),
    "mixtral": ("mixtral", SMALL | dict(intermediate_size=19, num_local_experts=5, num_experts_per_tok=2)),
    "qwen3_moe": ("qwen3_moe", MOE | dict(num_hidden_layers=3, mlp_only_layers=[0], norm_topk_prob=True)),
    "qwen3_moe-sparse": ("qwen3_moe", MOE | dict(decoder_sparse_step=2, norm_topk_prob=False)),
    "gpt_oss": ("gpt_oss", dict(
        num_hidden_layers=3, hidden_size=18, intermediate_size=13, num_attention_heads=4, num_key_value_heads=2, head_dim=10,
        sliding_window=5, num_local_experts=5, num_experts_per_tok=2, swiglu_limit=1.5, rms_norm_eps=1e-2) | rope(
        500.0, rope_type="yarn", factor=32.0, beta_fast=8.0, beta_slow=1.0, truncate=False, original_max_position_embeddings=64)),
    "gpt_oss-mxfp4": ("gpt_oss", dict(
        hidden_size=64, intermediate_size=32, num_attention_heads=3, num_key_value_heads=1, head_dim=10,
        sliding_window=5, num_local_experts=4, num_experts_per_tok=2, rms_norm_eps=1e-2) | rope(
        500.0, rope_type="yarn", factor=32.0, beta_fast=8.0, beta_slow=1.0, truncate=False, original_max_position_embeddings=64)),
    "deepseek_v2": ("deepseek_v2", MLA | dict(
        q_lora_rank=14, topk_method="group_limited_greedy", n_group=4, topk_group=2, routed_scaling_factor=1.7) | rope(
        500.0, rope_type="yarn", factor=40.0, beta_fast=8.0, beta_slow=1.0, mscale=0.707, mscale_all_dim=0.5,
        original_max_position_embeddings=64)),
    "deepseek_v2-lite": ("deepseek_v2", MLA | dict(num_hidden_layers=2, q_lora_rank=None, topk_method="greedy")),
    "deepseek_v3": ("deepseek_v3", MLA | dict(
        q_lora_rank=14, n_group=4, topk_group=2, routed_scaling_factor=2.5, norm_topk_prob=True) | rope(
        500.0, rope_type="yarn", factor=40.0, beta_fast=8.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0,
        original_max_position_embeddings=64)),
    "deepseek_v3-half": ("deepseek_v3", MLA | dict(
        num_hidden_layers=2, q_lora_rank=None, n_group=2, topk_group=1, num_experts_per_tok=2, norm_topk_prob=False,
        rope_interleave=False, attention_bias=True)),
}  # fmt: skip


def randomise(model, seed):
    """Fills every parameter, so that attention is uneven and nothing is 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    owner = {f"{name}.{leaf}": module for name, module in model.named_modules() for leaf, _ in module.named_parameters(recurse=False)}
    for name, p in sorted(model.named_parameters()):
        noise = torch.randn(p.shape, generator=generator)
        module, leaf = owner[name], name.rpartition(".")[2]
        if "Norm" in type(module).__name__ and leaf == "weight":
            values = (0 if decoder.one_based(module) else 1) + 0.3 * noise
        elif leaf == "sinks":
            values = noise
        elif p.ndim == 1 or leaf.endswith("bias"):
            values = 0.2 * noise
        elif isinstance(module, nn.Embedding):
            values = 0.6 * noise
        else:
            transposed = model.config.model_type == "gpt_oss" and p.ndim == 3
            values = 1.2 * noise / p.shape[-2 if transposed else -1] ** 0.5
        p.data.copy_(values)
    for name, buffer in sorted(model.named_buffers()):
        if name.endswith("e_score_correction_bias"):
            buffer.copy_(0.2 * torch.randn(buffer.shape, generator=generator))


def make(folder, model_type, config, seed):
    """Writes config.json, hub.json (the same in an older form) and model.safetensors."""
    torch.manual_seed(seed)
    config = AutoConfig.for_model(model_type, **{**COMMON, **config})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    randomise(model, seed)
    model.save_pretrained(folder)
    extra = os.path.join(folder, "generation_config.json")
    if os.path.exists(extra):
        os.remove(extra)
    if folder.endswith("-mxfp4"):
        mxfp4.quantise(folder)
    os.chmod(os.path.join(folder, "model.safetensors"), 0o644)
    hubconfig.write(os.path.join(folder, "config.json"), os.path.join(folder, "hub.json"))


def facts(model, steps, name):
    """Returns what a trace says about its model."""
    c = model.config
    _, heads, d_head = steps["blocks.0.attn.hook_q"].shape
    d_value = steps["blocks.0.attn.hook_v"].shape[-1]
    return {
        "name": name,
        "family": c.model_type,
        "layers": c.num_hidden_layers,
        "heads": heads,
        "kv_heads": steps["blocks.0.attn.hook_k"].shape[1],
        "d_model": steps["blocks.0.hook_resid_pre"].shape[-1],
        "d_head": d_head,
        "d_vocab": steps["unembed.hook_out"].shape[-1],
        **({"d_value": d_value} if d_value != d_head else {}),
    }


def load(folder):
    """Loads a model to run in float32, with attention that shows its pattern."""
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    config = AutoConfig.from_pretrained(folder)
    layout = layouts.LAYOUTS[config.model_type](config)
    quantised = dict(quantization_config=Mxfp4Config(dequantize=True)) if hasattr(config, "quantization_config") else {}
    model = AutoModelForCausalLM.from_pretrained(
        folder, **quantised, attn_implementation=layout.implementation, experts_implementation="eager", dtype=torch.float32
    )
    return model.eval(), layout


def write_trace(folder, tokens, out, patterns=("*",), weights=None):
    """Runs the model in folder on tokens and writes the steps that match a pattern.

    weights is another file that holds the same numbers, which then gives the
    trace its name and hash.
    """
    model, layout = load(folder)
    steps = decoder.record(model, [token["id"] for token in tokens], layout)
    about = facts(model, steps, os.path.basename(os.path.normpath(folder)))
    if weights:
        about["name"] = os.path.splitext(os.path.basename(weights))[0]
    steps = {name: value for name, value in steps.items() if any(fnmatch.fnmatchcase(name, p) for p in patterns)}
    tracefile.write(out, steps, {
        "attn.schema": "attn.trace/1",
        "attn.tokens": tokens,
        "attn.model": about,
        "attn.steps": [{"name": name} for name in steps],
        "attn.reference": {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]},
        "attn.weights_sha256": tracefile.sha256(weights or os.path.join(folder, "model.safetensors")),
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
