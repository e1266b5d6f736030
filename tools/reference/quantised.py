"""Makes small quantised GGUF files, and what transformers computes with the numbers that they hold.

    python tools/reference/quantised.py testdata/gguf [NAME ...]

Each model is random (families.py). Its matrices are quantised by gguf-py, or, in the types that gguf-py reads but does
not write, replaced by random blocks with random scales. What gguf-py makes of the blocks goes back into the
model, which transformers runs; the blocks go into a GGUF file, named and laid out as llama.cpp's converters do.
"""

import json
import os
import sys
import tempfile
import zlib

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType, quants
from safetensors.numpy import load_file, save_file

import families
import trace

IDS = [3, 9, 14, 3, 12, 7, 1, 15]
STEPS = (
    "blocks.*.attn.hook_pattern", "blocks.*.hook_attn_out", "blocks.*.mlp.hook_expert_weights",
    "blocks.*.hook_resid_post", "unembed.hook_out",
)  # fmt: skip

COMMON = dict(num_hidden_layers=1, vocab_size=16, max_position_embeddings=32, rms_norm_eps=1e-2)
WIDE = COMMON | dict(  # rows of 256, which the types of 256 need
    hidden_size=256, num_attention_heads=2, num_key_value_heads=1, head_dim=16, intermediate_size=32)  # fmt: skip
NARROW = COMMON | dict(
    num_hidden_layers=2, hidden_size=64, num_attention_heads=2, num_key_value_heads=1, head_dim=16, intermediate_size=64)  # fmt: skip

# By name: llama.cpp's architecture, transformers' model_type, what is odd about its configuration, and the type of each
# matrix; "" is that of those not named.
MODELS = {
    "llama": ("llama", "llama", WIDE, {
        "": "Q4_K", "attn_k": "Q5_K", "attn_v": "Q6_K", "attn_output": "Q4_0", "ffn_down": "Q5_0", "token_embd": "Q6_K"}),
    "qwen2": ("qwen2", "qwen2", WIDE | dict(tie_word_embeddings=True), {
        "": "Q2_K", "attn_v": "Q3_K", "attn_output": "Q8_0", "ffn_up": "Q3_K", "ffn_down": "Q4_1", "token_embd": "Q4_K"}),
    "phi3": ("phi3", "phi3", WIDE | dict(sliding_window=5, original_max_position_embeddings=32), {
        "": "IQ4_XS", "attn_output": "IQ4_NL", "ffn_down": "MXFP4", "output": "Q5_K", "token_embd": "F16"}),
    "qwen3_moe": ("qwen3moe", "qwen3_moe", WIDE | dict(
        num_local_experts=3, num_experts_per_tok=2, moe_intermediate_size=32, norm_topk_prob=True), {
        "": "Q6_K", "attn_output": "Q5_1", "ffn_gate_inp": "F32", "ffn_gate_exps": "Q3_K", "ffn_up_exps": "IQ4_XS",
        "ffn_down_exps": "IQ4_NL"}),
    "gpt_oss": ("gpt-oss", "gpt_oss", NARROW | dict(
        hidden_size=32, intermediate_size=32, sliding_window=5, num_local_experts=4, num_experts_per_tok=2) | families.rope(
        150000.0, rope_type="yarn", factor=32.0, beta_fast=32.0, beta_slow=1.0, truncate=False,
        original_max_position_embeddings=4096), {
        "": "BF16", "attn_k": "Q8_0", "ffn_gate_inp": "F32", "ffn_gate_exps": "MXFP4", "ffn_up_exps": "MXFP4", "ffn_down_exps": "MXFP4"}),
    "gemma2": ("gemma2", "gemma2", NARROW | dict(
        sliding_window=5, query_pre_attn_scalar=16, attn_logit_softcapping=2.5, final_logit_softcapping=4.0), {
        "": "Q4_0", "attn_k": "Q4_1", "attn_v": "Q5_1", "ffn_gate": "Q5_0", "ffn_down": "Q8_0", "token_embd": "Q8_0"}),
    "gemma3": ("gemma3", "gemma3_text", NARROW | dict(
        num_hidden_layers=6, hidden_size=32, intermediate_size=32, sliding_window=5,
        query_pre_attn_scalar=16, rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}), {
        "": "Q5_1", "attn_q": "IQ4_NL", "ffn_down": "BF16", "token_embd": "Q8_0"}),
    "smollm3": ("smollm3", "smollm3", NARROW | dict(
        num_hidden_layers=4, hidden_size=32, intermediate_size=32,
        tie_word_embeddings=True), {
        "": "Q5_0", "attn_q": "F16", "ffn_down": "Q4_0", "token_embd": "BF16"}),
    "starcoder2": ("starcoder2", "starcoder2", WIDE | dict(sliding_window=5, norm_epsilon=1e-2), {
        "": "Q4_K", "attn_k": "Q2_K", "attn_v": "F16", "attn_output": "Q5_0", "ffn_down": "Q8_0", "token_embd": "Q3_K"}),
}  # fmt: skip

# Where a type's binary16 scale is, where that of its minima, and how many times as large that has to be for the numbers
# to lie around 0.
SCALES = {
    "Q2_K": (80, 82, 1.5), "Q3_K": (108, None, 0), "Q4_K": (0, 2, 7.5), "Q5_K": (0, 2, 15.5), "Q6_K": (208, None, 0),
    "IQ4_NL": (0, None, 0), "IQ4_XS": (0, None, 0),
}  # fmt: skip


def random_blocks(values, kind, rng):
    """Returns random blocks of as many numbers, and of about the same size, as values."""
    elements, size = gguf.GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    at, at_minima, minima = SCALES[kind]
    blocks = rng.integers(0, 256, (*values.shape[:-1], values.shape[-1] // elements, size), dtype=np.uint8)

    def put(scale):
        blocks[..., at : at + 2] = scale.astype("<f2")[..., None].view(np.uint8)
        if at_minima is not None:
            blocks[..., at_minima : at_minima + 2] = (minima * scale).astype("<f2")[..., None].view(np.uint8)
        return blocks.reshape(*values.shape[:-1], -1)

    scale = rng.uniform(0.7, 1.3, blocks.shape[:-1]) * rng.choice([-1, 1], blocks.shape[:-1])
    plain = quants.dequantize(put(0.01 * scale), GGMLQuantizationType[kind])
    return put(0.01 * scale * values.std() / plain.std())


def stored(values, kind, rng):
    """Returns the blocks of a matrix, row by row, and the numbers that they hold."""
    as_type = GGMLQuantizationType[kind]
    data = random_blocks(values, kind, rng) if kind in SCALES else quants.quantize(values, as_type)
    return data, quants.dequantize(data, as_type).astype(np.float32)


class File:
    """A GGUF file in the making, and the weights as transformers will have them."""

    def __init__(self, arch, config, types, rng):
        self.arch, self.config, self.types, self.rng = arch, config, types, rng
        code = next(code for code, name in gguf.MODEL_ARCH_NAMES.items() if name == arch)
        self.names = gguf.get_tensor_name_map(code, config["num_hidden_layers"])
        self.tensors, self.stacks, self.held = {}, {}, {}

    def rename(self, name):
        """Returns GGUF's name, its part without the block's number, and its ending."""
        base, dot, ending = name.rpartition(".")
        if ending not in ("weight", "bias"):
            base, dot, ending = name, ".", "weight"
        to = self.names.get_name(base)
        assert to, name
        return f"{to}.{ending}", to.split(".")[-1], ending

    def kind(self, part, values, ending):
        if values.ndim < 2 or ending == "bias":
            return "F32"
        return self.types.get(part, self.types[""])

    def add(self, name, values):
        """Takes in one of the model's tensors, under Hugging Face's name."""
        if ".mlp.experts." in name and self.arch == "gpt-oss":
            return self.experts(name, values)
        if ".experts." in name:
            before, _, number, part, ending = name.rsplit(".", 4)
            to, gguf_part, _ = self.rename(f"{before}.experts.{part}.{ending}")
            data, self.held[name] = stored(values, self.kind(gguf_part, values, ending), self.rng)
            self.stacks.setdefault(to, (self.kind(gguf_part, values, ending), {}))[1][int(number)] = data
            return None
        to, part, ending = self.rename(name)
        shift = self.arch.startswith("gemma") and part.endswith("norm")
        kind = self.kind(part, values, ending)
        data, held = stored(values + np.float32(1) if shift else values, kind, self.rng)
        self.held[name] = values if shift else held
        if self.arch in ("llama", "smollm3") and part in ("attn_q", "attn_k"):
            data = self.permuted(data, part)
        self.tensors[to] = kind, data
        return None

    def permuted(self, rows, part):
        """Puts the rows that turn together side by side, as Meta had them: row i + d/2 behind row i."""
        heads = self.config["num_attention_heads" if part == "attn_q" else "num_key_value_heads"]
        return rows.reshape(heads, 2, -1, rows.shape[-1]).swapaxes(1, 2).reshape(rows.shape)

    def experts(self, name, values):
        """gpt-oss's are stored [expert, in, out], gates and up projections in turn."""
        bias = name.endswith("_bias")
        kind = "F32" if bias else "MXFP4"
        data, held = stored(values if bias else np.ascontiguousarray(values.swapaxes(1, 2)), kind, self.rng)
        self.held[name] = held if bias else np.ascontiguousarray(held.swapaxes(1, 2))
        ending = ".bias" if bias else ".weight"
        name = name.removesuffix("_bias")
        parts = {name: data}
        if name.endswith("gate_up_proj"):
            before = name.removesuffix("gate_up_proj")
            parts = {f"{before}gate_proj": data[:, ::2], f"{before}up_proj": data[:, 1::2]}
        for part, rows in parts.items():
            self.tensors[self.rename(part + ending)[0]] = kind, np.ascontiguousarray(rows)

    def write(self, path):
        writer = gguf.GGUFWriter(path, self.arch)
        keys(writer, self.arch, self.config)
        for name, (kind, rows) in self.stacks.items():
            self.tensors[name] = kind, np.stack([rows[i] for i in sorted(rows)])
        for name, (kind, data) in self.tensors.items():
            as_type = None if data.dtype in (np.float32, np.float16) else GGMLQuantizationType[kind]
            writer.add_tensor(name, data, raw_dtype=as_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def keys(w, arch, c):
    """Writes what llama.cpp's converters keep of config.json."""

    def copy(add, name):
        if c.get(name) is not None:
            add(c[name])

    copy(w.add_block_count, "num_hidden_layers")
    copy(w.add_context_length, "max_position_embeddings")
    copy(w.add_embedding_length, "hidden_size")
    copy(w.add_feed_forward_length, "intermediate_size")
    copy(w.add_head_count, "num_attention_heads")
    copy(w.add_head_count_kv, "num_key_value_heads")
    copy(w.add_key_length, "head_dim")
    copy(w.add_value_length, "head_dim")
    copy(w.add_layer_norm_rms_eps, "rms_norm_eps")
    copy(w.add_layer_norm_eps, "norm_epsilon")
    copy(w.add_attn_logit_softcapping, "attn_logit_softcapping")
    copy(w.add_final_logit_softcapping, "final_logit_softcapping")
    if arch in ("phi3", "gemma2", "gemma3", "gpt-oss"):
        copy(w.add_sliding_window, "sliding_window")
    if arch == "starcoder2":  # converters leave it out, and llama.cpp does not slide
        copy(w.add_sliding_window, "sliding_window")
    copy(w.add_expert_count, "num_local_experts")
    copy(w.add_expert_used_count, "num_experts_per_tok")
    copy(w.add_expert_feed_forward_length, "intermediate_size" if arch == "gpt-oss" else "moe_intermediate_size")
    rope = c.get("rope_parameters") or {}
    rope = rope.get("full_attention", rope)
    if not rope:
        return
    w.add_rope_freq_base(rope["rope_theta"])
    if arch in ("llama", "smollm3", "phi3"):
        w.add_rope_dimension_count(c["head_dim"])
    if rope["rope_type"] in ("linear", "yarn"):
        w.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
        w.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        w.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        w.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
        w.add_rope_scaling_yarn_beta_slow(rope["beta_slow"])


def make(out, name):
    """Writes NAME.gguf and NAME.safetensors, the trace."""
    arch, model_type, config, types = MODELS[name]
    seed = zlib.crc32(name.encode())
    with tempfile.TemporaryDirectory() as folder:
        families.make(folder, model_type, config, seed)
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
            config = json.load(f)
        weights = os.path.join(folder, "model.safetensors")
        file = File(arch, config, types, np.random.default_rng(seed))
        for tensor, values in sorted(load_file(weights).items()):
            file.add(tensor, values)
        file.write(os.path.join(out, f"{name}.gguf"))
        save_file(file.held, weights, metadata={"format": "pt"})
        tokens = trace.from_ids(IDS)
        families.write_trace(folder, tokens, os.path.join(out, f"{name}.safetensors"), STEPS, os.path.join(out, f"{name}.gguf"))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in sys.argv[2:] or MODELS:
        make(sys.argv[1], name)
        sizes = [os.path.getsize(os.path.join(sys.argv[1], f"{name}.{kind}")) / 1024 for kind in ("gguf", "safetensors")]
        print(f"{name}: {sizes[0]:.0f} KB and {sizes[1]:.0f} KB")


if __name__ == "__main__":
    main()
