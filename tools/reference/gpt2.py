"""Runs transformers' GPT-2 and records every step under attn's names.

What the modules hand to each other is taken from them, by hooks. Only what
transformers never holds is computed here, and each such value is checked
against something that transformers does hold.
"""

import contextlib

import torch
from transformers.models.gpt2 import modeling_gpt2

# How far a value computed here may lie from the module's own.
TOLERANCE = 1e-6


class Calls:
    """What went into and came out of modules during one forward pass."""

    def __init__(self):
        self.inputs, self.outputs, self.attention = {}, {}, {}

    def watch(self, name, module):
        def keep(_, args, kwargs, output):
            value = args[0] if args else kwargs["hidden_states"]
            self.inputs[name] = value
            self.outputs[name] = output[0] if isinstance(output, tuple) else output

        return module.register_forward_hook(keep, with_kwargs=True)


@contextlib.contextmanager
def _watching(model, calls):
    """Watches the modules, and the function that attends, for one pass."""
    watched = {"wte": model.transformer.wte, "wpe": model.transformer.wpe}
    for i, block in enumerate(model.transformer.h):
        parts = {"": block, ".ln_1": block.ln_1, ".attn": block.attn, ".ln_2": block.ln_2, ".mlp": block.mlp}
        parts |= {".mlp.c_fc": block.mlp.c_fc, ".mlp.c_proj": block.mlp.c_proj}
        watched |= {f"{i}{part}": module for part, module in parts.items()}
    watched |= {"ln_f": model.transformer.ln_f, "lm_head": model.lm_head}
    handles = [calls.watch(name, module) for name, module in watched.items()]

    attend = modeling_gpt2.eager_attention_forward

    def keep(module, query, key, value, mask, **kwargs):
        z, pattern = attend(module, query, key, value, mask, **kwargs)
        calls.attention[module.layer_idx] = (query, key, value, mask, kwargs["scaling"], z, pattern)
        return z, pattern

    modeling_gpt2.eager_attention_forward = keep
    try:
        yield
    finally:
        modeling_gpt2.eager_attention_forward = attend
        for handle in handles:
            handle.remove()


def record(model, ids):
    """Returns every step of a GPT2LMHeadModel on one sequence, in the order of execution."""
    assert model.config._attn_implementation == "eager" and model.dtype == torch.float32
    calls = Calls()
    with torch.no_grad(), _watching(model, calls):
        result = model(torch.tensor([ids]), output_attentions=True, output_hidden_states=True, use_cache=False)

        steps = {"hook_embed": calls.outputs["wte"], "hook_pos_embed": calls.outputs["wpe"]}
        for i, block in enumerate(model.transformer.h):
            for name, value in _block(i, block, calls).items():
                steps[f"blocks.{i}.{name}"] = value
            _close(steps[f"blocks.{i}.hook_resid_pre"], result.hidden_states[i], "hidden_states")
            _close(steps[f"blocks.{i}.attn.hook_pattern"], result.attentions[i], "attentions")
        for name, value in _norm(model.transformer.ln_f, "ln_f", calls).items():
            steps[f"ln_final.{name}"] = value
        steps["unembed.hook_out"] = calls.outputs["lm_head"]
    _close(steps["unembed.hook_out"], result.logits, "logits")
    _close(steps["hook_embed"] + steps["hook_pos_embed"], steps["blocks.0.hook_resid_pre"], "embedding")
    return {name: _one(value) for name, value in steps.items()}


def _one(value):
    """Drops the batch axis."""
    assert value.shape[0] == 1
    return value[0].detach().float().contiguous()


def _block(i, block, calls):
    steps = {"hook_resid_pre": calls.inputs[f"{i}"]}
    steps |= {f"ln1.{name}": value for name, value in _norm(block.ln_1, f"{i}.ln_1", calls).items()}
    steps |= {f"attn.{name}": value for name, value in _attention(i, block.attn, calls).items()}
    steps["hook_attn_out"] = calls.outputs[f"{i}.attn"]
    steps["hook_resid_mid"] = calls.inputs[f"{i}.ln_2"]
    steps |= {f"ln2.{name}": value for name, value in _norm(block.ln_2, f"{i}.ln_2", calls).items()}
    steps["mlp.hook_pre"] = calls.outputs[f"{i}.mlp.c_fc"]
    steps["mlp.hook_post"] = calls.inputs[f"{i}.mlp.c_proj"]
    steps["hook_mlp_out"] = calls.outputs[f"{i}.mlp"]
    steps["hook_resid_post"] = calls.outputs[f"{i}"]
    _close(steps["hook_resid_pre"] + steps["hook_attn_out"], steps["hook_resid_mid"], "hook_resid_mid")
    _close(steps["hook_resid_mid"] + steps["hook_mlp_out"], steps["hook_resid_post"], "hook_resid_post")
    return steps


def _norm(norm, name, calls):
    """The scale is computed here; the output is the module's, gain and bias included."""
    x, y = calls.inputs[name], calls.outputs[name]
    centred = x - x.mean(-1, keepdim=True)
    scale = torch.sqrt(centred.pow(2).mean(-1, keepdim=True) + norm.eps)
    _close(centred / scale * norm.weight + norm.bias, y, name)
    return {"hook_scale": scale, "hook_normalized": y}


def _attention(i, attn, calls):
    """Scores before the mask, and each head's share of the output, are computed here."""
    query, key, value, mask, scaling, z, pattern = calls.attention[i]  # [batch, head, pos, d_head]; z [batch, pos, head, d_head]
    raw = query @ key.transpose(-1, -2)
    scaled = raw * scaling
    masked = scaled.masked_fill(mask < 0, float("-inf"))
    _close(torch.softmax(masked, -1), pattern, "pattern")
    _close((pattern @ value).transpose(1, 2), z, "z")

    heads, d_head = z.shape[2:]
    by_head = attn.c_proj.weight.reshape(heads, d_head, -1)
    result = torch.einsum("bphd,hdm->bphm", z, by_head)
    v_up = torch.einsum("bhpd,hdm->bphm", value, by_head)
    _close(torch.einsum("bhqk,bkhm->bqhm", pattern, v_up), result, "v_up")
    _close(result.sum(2) + attn.c_proj.bias, calls.outputs[f"{i}.attn"], "result")
    q, k, v = (x.transpose(1, 2) for x in (query, key, value))
    return {
        "hook_q": q, "hook_k": k, "hook_v": v,
        "hook_qk": raw, "hook_scaled": scaled, "hook_attn_scores": masked, "hook_pattern": pattern,
        "hook_z": z, "hook_v_up": v_up, "hook_result": result, "b_O": attn.c_proj.bias[None],
    }  # fmt: skip


def _close(got, want, name):
    """Holds a computed value to the module's, relative to the module's largest."""
    error = (got - want).abs().max().item() / max(1.0, want.abs().max().item())
    assert got.shape == want.shape and error <= TOLERANCE, f"{name}: off by {error:.3g}"
