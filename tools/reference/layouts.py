"""Where each family of transformers' decoders keeps its parts."""

from dataclasses import dataclass, replace
from typing import Callable

import torch

from decoder import Attention


def separate(block, a):
    """q, k and v from three projections."""
    d_head = a.query.shape[-1]
    return tuple(block.out(f"{block.layout.attn}.{name}_proj").unflatten(-1, (-1, d_head)) for name in "qkv")


def fused_per_head(block, a):
    """Rows are [q k v] of head 0, [q k v] of head 1, ..."""
    return block.out(block.layout.fused).unflatten(-1, (block.heads, 3, -1)).unbind(-2)


def fused_in_turn(block, a):
    """Rows are all of q, all of k, all of v."""
    d_head = a.query.shape[-1]
    x = block.out(block.layout.fused).unflatten(-1, (-1, d_head))
    shared = (x.shape[2] - block.heads) // 2
    return x.split([block.heads, shared, shared], 2)


def fused_per_group(block, a):
    """Rows are the query heads of a key head, its k, its v; then the next key head's."""
    c = block.config
    groups = c.num_kv_heads if c.new_decoder_architecture else 1
    d_head = c.hidden_size // c.num_attention_heads
    x = block.out(block.layout.fused).unflatten(-1, (groups, -1, d_head))
    return x[..., :-2, :].flatten(2, 3), x[..., -2, :], x[..., -1, :]


def latent(block, a):
    """Multi-head latent attention: k and v are expanded from a shared vector,
    and part of k is one rotated vector that all heads share."""
    c = block.config
    q = block.out("self_attn.q_proj" if c.q_lora_rank is None else "self_attn.q_b_proj").unflatten(-1, (block.heads, -1))
    k_rope = block.out("self_attn.kv_a_proj_with_mqa")[..., c.kv_lora_rank :]
    expanded = block.out("self_attn.kv_b_proj").reshape(*q.shape[:3], -1)
    k_nope, v = expanded.split([c.qk_nope_head_dim, c.v_head_dim], -1)
    return q, torch.cat([k_nope, k_rope[:, :, None].expand(-1, -1, block.heads, -1)], -1), v


def narrowed(block):
    """What latent attention's q, k and v come out of: before and after its norm,
    and the part of k that all heads share."""
    c, steps = block.config, {}
    if c.q_lora_rank is not None:
        steps = {"hook_q_down": block.out("self_attn.q_a_proj"), "hook_q_latent": block.out("self_attn.q_a_layernorm")}
    down, k_rope = block.out("self_attn.kv_a_proj_with_mqa").split([c.kv_lora_rank, c.qk_rope_head_dim], -1)
    return steps | {"hook_kv_down": down, "hook_kv_latent": block.out("self_attn.kv_a_layernorm"), "hook_k_rope": k_rope}


def nothing(block):
    return {}


def given(block):
    """What the function that attends was given."""
    return block.calls.attention[block.i]


def given_scaled(block):
    """OPT's is given q already scaled, and no scale."""
    a = given(block)
    scale = block.r.module(block.at(block.layout.attn)).scaling
    return replace(a, query=a.query / scale, scale=a.scale * scale)


def bloom(block):
    """Bloom attends inside its module."""
    q, k, v = (x.transpose(1, 2) for x in fused_per_head(block, None))
    name = block.at(block.layout.attn)
    kwargs, z = block.calls.kwargs[name], block.into(block.layout.o).unflatten(-1, (block.heads, -1))
    scale = block.r.module(name).inv_norm_factor
    return Attention(q, k, v, kwargs["attention_mask"], scale, z, block.calls.results[name][1], bias=kwargs["alibi"][None])


def falcon(block):
    """So does Falcon, which scales its ALiBi with the scores.

    transformers' eager attention adds ALiBi twice, once as a part of the mask;
    its default, sdpa, once. The latter is the reference.
    """
    c = block.config
    q, k, v = (x.transpose(1, 2) for x in block.layout.qkv(block, None))
    name = block.at(block.layout.attn)
    kwargs, z = block.calls.kwargs[name], block.into(block.layout.o).unflatten(-1, (block.heads, -1))
    scale = block.r.module(name).inv_norm_factor
    pattern, bias = block.calls.results[name][1], None
    if c.alibi:
        assert pattern is None
        bias = kwargs["alibi"].view(1, block.heads, 1, -1) * scale
    else:
        q, k = block.calls.rotated[block.i]
        groups = v.shape[1]
        k = k[:, :: k.shape[1] // groups]
    return Attention(q, k, v, kwargs["attention_mask"], scale, z, pattern, bias=bias)


def always(config, layer):
    return True


def never(config, layer):
    return False


@dataclass(frozen=True)
class Layout:
    """Module names; those of a block stand without its prefix. A part whose
    name is None, or that a model lacks, is not there."""

    embed: str = "model.embed_tokens"
    positions: str | None = None
    layers: str = "model.layers"
    final: str | None = "model.norm"
    ln1: str | None = "input_layernorm"
    ln2: str | None = "post_attention_layernorm"
    post1: str | None = None  # a norm on what attention adds
    post2: str | None = None  # a norm on what the MLP adds
    attn: str = "self_attn"
    attn_writes: str | None = None  # whose output is what attention adds; attn's, unless it is another
    q_norm: str | None = "self_attn.q_norm"
    k_norm: str | None = "self_attn.k_norm"
    fused: str | None = None  # where q, k and v come out together
    o: str = "self_attn.o_proj"
    mlp_reads: str = "mlp"
    mlp_writes: str = "mlp"
    gate: str | None = "mlp.gate_proj"
    up: str = "mlp.up_proj"
    down: str = "mlp.down_proj"
    fused_gate: str | None = None  # where gate and up come out together
    router: str | None = "mlp.gate"
    before: Callable = nothing  # what q, k and v come out of, where that is not the stream
    qkv: Callable = separate
    attended: Callable = given
    rotates: Callable = always
    parallel: bool = False  # both branches read the block's input
    post_norm: bool = False
    implementation: str = "eager"


LLAMA = Layout()
GEMMA2 = replace(
    LLAMA,
    ln2="pre_feedforward_layernorm",
    post1="post_attention_layernorm",
    post2="post_feedforward_layernorm",
)
OLMO2 = replace(LLAMA, ln1=None, ln2=None, post1="post_attention_layernorm", post2="post_feedforward_layernorm")
PHI3 = replace(LLAMA, fused="self_attn.qkv_proj", qkv=fused_in_turn, fused_gate="mlp.gate_up_proj")
PHI = replace(
    LLAMA,
    final="model.final_layernorm",
    ln2=None,
    q_norm="self_attn.q_layernorm",
    k_norm="self_attn.k_layernorm",
    o="self_attn.dense",
    gate=None,
    up="mlp.fc1",
    down="mlp.fc2",
    parallel=True,
)
NEOX = Layout(
    embed="gpt_neox.embed_in",
    layers="gpt_neox.layers",
    final="gpt_neox.final_layer_norm",
    attn="attention",
    fused="attention.query_key_value",
    o="attention.dense",
    gate=None,
    up="mlp.dense_h_to_4h",
    down="mlp.dense_4h_to_h",
    qkv=fused_per_head,
)
GPT2 = Layout(
    embed="transformer.wte",
    positions="transformer.wpe",
    layers="transformer.h",
    final="transformer.ln_f",
    ln1="ln_1",
    ln2="ln_2",
    attn="attn",
    fused="attn.c_attn",
    o="attn.c_proj",
    gate=None,
    up="mlp.c_fc",
    down="mlp.c_proj",
    rotates=never,
)
GPTJ = replace(GPT2, positions=None, ln2=None, o="attn.out_proj", up="mlp.fc_in", down="mlp.fc_out", rotates=always, parallel=True)
OPT = Layout(
    embed="model.decoder.embed_tokens",
    positions="model.decoder.embed_positions",
    layers="model.decoder.layers",
    final="model.decoder.final_layer_norm",
    ln1="self_attn_layer_norm",
    ln2="final_layer_norm",
    o="self_attn.out_proj",
    mlp_reads="fc1",
    mlp_writes="fc2",
    gate=None,
    up="fc1",
    down="fc2",
    attended=given_scaled,
    rotates=never,
)
BLOOM = Layout(
    embed="transformer.word_embeddings_layernorm",
    layers="transformer.h",
    final="transformer.ln_f",
    attn="self_attention",
    attn_writes="self_attention.dense",
    fused="self_attention.query_key_value",
    o="self_attention.dense",
    mlp_writes="mlp.dense_4h_to_h",
    gate=None,
    up="mlp.dense_h_to_4h",
    down="mlp.dense_4h_to_h",
    qkv=fused_per_head,
    attended=bloom,
    rotates=never,
)


def _falcon(c):
    layout = replace(BLOOM, embed="transformer.word_embeddings", attn_writes=None, mlp_writes="mlp", attended=falcon)
    if c.new_decoder_architecture or c.multi_query:
        layout = replace(layout, qkv=fused_per_group)
    if c.new_decoder_architecture and c.num_ln_in_parallel_attn != 1:
        layout = replace(layout, ln1="ln_attn", ln2="ln_mlp")
    parallel = c.new_decoder_architecture or c.parallel_attn
    return replace(
        layout,
        parallel=parallel,
        rotates=never if c.alibi else always,
        implementation="sdpa" if c.alibi else "eager",
    )


def _opt(c):
    layout = OPT
    if c.word_embed_proj_dim != c.hidden_size:
        layout = replace(layout, embed="model.decoder.project_in")
    return layout if c.do_layer_norm_before else replace(layout, post_norm=True, final=None)


# model_type: what tells the layout from a configuration
LAYOUTS = {
    "bloom": lambda c: BLOOM,
    "cohere": lambda c: replace(LLAMA, ln2=None, parallel=True),
    "deepseek_v2": lambda c: replace(LLAMA, before=narrowed, qkv=latent),
    "deepseek_v3": lambda c: replace(LLAMA, before=narrowed, qkv=latent),
    "falcon": _falcon,
    "gemma": lambda c: LLAMA,
    "gemma2": lambda c: GEMMA2,
    "gemma3_text": lambda c: GEMMA2,
    "gpt_bigcode": lambda c: replace(GPT2, qkv=fused_in_turn if c.multi_query else fused_per_head),
    "gpt_neox": lambda c: replace(NEOX, parallel=c.use_parallel_residual),
    "gpt_oss": lambda c: replace(LLAMA, router="mlp.router"),
    "gptj": lambda c: GPTJ,
    "llama": lambda c: LLAMA,
    "mistral": lambda c: LLAMA,
    "mixtral": lambda c: LLAMA,
    "olmo2": lambda c: OLMO2,
    "opt": _opt,
    "phi": lambda c: PHI,
    "phi3": lambda c: PHI3,
    "qwen2": lambda c: LLAMA,
    "qwen3": lambda c: LLAMA,
    "qwen3_moe": lambda c: LLAMA,
    "smollm3": lambda c: replace(LLAMA, rotates=lambda c, i: bool(c.no_rope_layers[i])),
    "stablelm": lambda c: replace(
        LLAMA, parallel=c.use_parallel_residual, q_norm="self_attn.q_layernorm", k_norm="self_attn.k_layernorm"
    ),
    "starcoder2": lambda c: replace(LLAMA, gate=None, up="mlp.c_fc", down="mlp.c_proj"),
}
