"""Runs one of transformers' decoders and records every step under attn's names.

Where a family keeps its parts is told by a Layout (layouts.py). What the
modules hand to each other is taken from them, by hooks, and what attention is
given and returns from the function that attends. Only what transformers never
holds is computed here, and each such value must lead to one that it does hold.
"""

import contextlib
import sys
from dataclasses import dataclass

import torch
from torch import nn

# How far a value computed here may lie from the module's own, relative to the
# largest entry.
TOLERANCE = 1e-6


@dataclass
class Attention:
    """What one layer's attention was given and what it made of it.

    query, key and value are [batch, head, pos, d_head], z is [batch, pos, head,
    d_head]; pattern is None where transformers does not hold it.
    """

    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    mask: torch.Tensor
    scale: float
    z: torch.Tensor
    pattern: torch.Tensor | None
    softcap: float | None = None
    bias: torch.Tensor | None = None  # added to the scaled scores
    sinks: torch.Tensor | None = None  # [head]


class Calls:
    """What went into and came out of modules during one forward pass."""

    def __init__(self):
        self.args, self.kwargs, self.results = {}, {}, {}
        self.attention = {}  # by layer
        self.rotated = []  # what the rotary function returned, call by call

    def keep(self, name):
        def hook(_, args, kwargs, result):
            # Copies: some modules add to another's output in place.
            self.args[name], self.kwargs[name], self.results[name] = args, copy(kwargs), copy(result)

        return hook

    def keep_args(self, name):
        def hook(_, args, kwargs):
            self.args[name] = copy(args)

        return hook

    def input(self, name):
        args, kwargs = self.args[name], self.kwargs[name]
        return batched(args[0] if args else kwargs["hidden_states"])

    def output(self, name):
        result = self.results[name]
        return batched(result[0] if isinstance(result, tuple) else result)


def copy(x):
    if isinstance(x, torch.Tensor):
        return x.clone()
    if isinstance(x, tuple):
        return tuple(copy(v) for v in x)
    return x


def batched(x):
    """Some modules see [pos, width] where the others see [batch, pos, width]."""
    return x[None] if x.ndim == 2 else x


@contextlib.contextmanager
def watching(model, calls):
    """Watches every module, and the functions that rotate and attend, for one pass."""
    handles = []
    for name, module in model.named_modules():
        if name:
            handles.append(module.register_forward_hook(calls.keep(name), with_kwargs=True))
            handles.append(module.register_forward_pre_hook(calls.keep_args(name), with_kwargs=True))
    code = sys.modules[type(model).__module__]
    before = {}

    def replace(owner, name, make):
        if hasattr(owner, name):
            before[owner, name] = getattr(owner, name)
            setattr(owner, name, make(before[owner, name]))

    def attends(function):
        def keep(module, query, key, value, mask, **kwargs):
            z, pattern = function(module, query, key, value, mask, **kwargs)
            calls.attention[module.layer_idx] = Attention(
                query, key, value, mask, kwargs["scaling"], z, pattern,
                softcap=kwargs.get("softcap"), sinks=getattr(module, "sinks", None),
            )  # fmt: skip
            return z, pattern

        return keep

    def attends_inside(function):
        """GPT-J's is a method."""

        def keep(module, query, key, value, mask=None):
            z, pattern = function(module, query, key, value, mask)
            scale = 1 / module.scale_attn
            calls.attention[module.layer_idx] = Attention(query, key, value, mask, scale, z.transpose(1, 2), pattern)
            return z, pattern

        return keep

    def rotates(function):
        def keep(*args, **kwargs):
            result = function(*args, **kwargs)
            calls.rotated.append(result)
            return result

        return keep

    replace(code, "eager_attention_forward", attends)
    replace(code, "apply_rotary_pos_emb", rotates)
    replace(getattr(code, "GPTJAttention", None), "_attn", attends_inside)
    try:
        yield
    finally:
        for (owner, name), function in before.items():
            setattr(owner, name, function)
        for handle in handles:
            handle.remove()


def record(model, ids, layout):
    """Returns every step of a decoder on one sequence, in the order of execution."""
    assert model.config._attn_implementation == layout.implementation and model.dtype == torch.float32
    calls = Calls()
    with torch.no_grad():
        with watching(model, calls):
            result = model(
                torch.tensor([ids]), use_cache=False, output_hidden_states=True,
                output_attentions=layout.implementation == "eager",
            )  # fmt: skip
        return Recorder(model, calls, result, layout).steps()


class Recorder:
    """Names what one forward pass computed."""

    def __init__(self, model, calls, result, layout):
        self.model, self.calls, self.result, self.layout = model, calls, result, layout
        self.config = model.config

    def module(self, name):
        """Returns a module, or None where the model has none of that name."""
        try:
            return self.model.get_submodule(name) if name else None
        except AttributeError:
            return None

    def steps(self):
        layout, calls = self.layout, self.calls
        steps = {"hook_embed": calls.output(layout.embed)}
        entering = steps["hook_embed"]
        if layout.positions:
            steps["hook_pos_embed"] = calls.output(layout.positions)
            entering = entering + steps["hook_pos_embed"]
        for i in range(self.config.num_hidden_layers):
            block = (PostNormBlock if layout.post_norm else Block)(self, i)
            recorded = block.steps()
            close(entering, recorded["hook_resid_pre"], f"what enters block {i}")
            close(recorded["hook_resid_pre"], self.result.hidden_states[i], "hidden_states")
            if self.result.attentions:
                close(recorded["attn.hook_pattern"], self.result.attentions[i], "attentions")
            steps |= {f"blocks.{i}.{name}": value for name, value in recorded.items()}
            entering = block.leaving()
        if self.module(layout.final) is not None:
            close(entering, calls.input(layout.final), "what enters the last norm")
            steps |= self.norm(layout.final, "ln_final")
        steps["unembed.hook_out"] = self.result.logits
        return {name: one(value) for name, value in steps.items()}

    def norm(self, name, as_name):
        """The scale is computed here; the output is the module's, gain and bias included."""
        norm, x, y = self.module(name), self.calls.input(name), self.calls.output(name)
        if centres(norm):
            x = x - x.mean(-1, keepdim=True)
        eps = norm.eps if hasattr(norm, "eps") else norm.variance_epsilon
        scale = torch.sqrt(x.pow(2).mean(-1, keepdim=True) + eps)
        want = x / scale * (1 + norm.weight if one_based(norm) else norm.weight)
        if getattr(norm, "bias", None) is not None:
            want = want + norm.bias
        close(want, y, name)
        return {f"{as_name}.hook_scale": scale, f"{as_name}.hook_normalized": y}


def centres(norm):
    """Reports whether a norm subtracts the mean: a LayerNorm and not an RMSNorm."""
    return "LayerNorm" in type(norm).__name__


def one_based(norm):
    """Reports whether a norm's gain is stored less 1: Gemma's are."""
    return type(norm).__name__.startswith("Gemma")


class Block:
    """Names what one block computed."""

    def __init__(self, recorder, i):
        self.r, self.i, self.layout, self.calls = recorder, i, recorder.layout, recorder.calls
        self.config = recorder.config
        self.path = f"{self.layout.layers}.{i}"
        self.heads = self.config.num_attention_heads

    def at(self, name):
        return f"{self.path}.{name}"

    def out(self, name):
        return self.calls.output(self.at(name))

    def into(self, name):
        return self.calls.input(self.at(name))

    def has(self, name):
        return name is not None and self.at(name) in self.calls.results

    def leaving(self):
        return self.calls.output(self.path)

    def steps(self):
        layout = self.layout
        before = self.calls.input(self.path)
        steps = {"hook_resid_pre": before}
        if self.has(layout.ln1):
            steps |= self.r.norm(self.at(layout.ln1), "ln1")
        steps |= {f"attn.{name}": value for name, value in self.attention().items()}
        attn_out, inside = self.written(layout.attn_writes or layout.attn, layout.post1)
        steps |= {f"attn.{name}": value for name, value in inside.items()}
        steps["hook_attn_out"] = attn_out
        if not layout.parallel:
            steps["hook_resid_mid"] = self.into(layout.ln2 if self.has(layout.ln2) else layout.mlp_reads)
            close(before + attn_out, steps["hook_resid_mid"], "hook_resid_mid")
        if self.has(layout.ln2):
            steps |= self.r.norm(self.at(layout.ln2), "ln2")
        steps |= {f"mlp.{name}": value for name, value in self.mlp().items()}
        mlp_out, inside = self.written(layout.mlp_writes, layout.post2)
        steps |= {f"mlp.{name}": value for name, value in inside.items()}
        steps["hook_mlp_out"] = mlp_out
        steps["hook_resid_post"] = self.leaving()
        close(before + attn_out + mlp_out, steps["hook_resid_post"], "hook_resid_post")
        return steps

    def written(self, name, norm):
        """Returns what a branch adds to the stream and, where a norm makes it, what the norm was given."""
        out = self.out(name)
        if not self.has(norm):
            return out, {}
        close(self.into(norm), out, norm)
        return self.out(norm), {"hook_out": out}

    def mlp(self):
        layout = self.layout
        if self.has(layout.router):
            return self.experts()
        if layout.fused_gate:
            gate, up = self.out(layout.fused_gate).chunk(2, -1)
            steps = {"hook_pre": gate, "hook_pre_linear": up}
        elif layout.gate:
            steps = {"hook_pre": self.out(layout.gate), "hook_pre_linear": self.out(layout.up)}
        else:
            steps = {"hook_pre": self.out(layout.up)}
        return steps | {"hook_post": self.into(layout.down)}

    def experts(self):
        """Each expert's weight at each position is checked by asking the experts one by one."""
        mixture = self.layout.router.rpartition(".")[0]
        logits, weights, chosen = self.calls.results[self.at(self.layout.router)]
        spread = torch.zeros_like(logits).scatter(1, chosen, weights)
        experts = self.r.module(self.at(f"{mixture}.experts"))
        x = self.calls.args[self.at(f"{mixture}.experts")][0]
        total = torch.zeros_like(x)
        for e in range(logits.shape[1]):
            index = torch.full((len(x), 1), e)
            total = total + experts(x, index, spread[:, e : e + 1])
        close(total, self.calls.results[self.at(f"{mixture}.experts")], "experts")
        self.choice_is_clear(chosen)
        steps = {"hook_router": logits[None], "hook_expert_weights": spread[None]}
        shared = f"{mixture}.shared_experts"
        return steps | ({"hook_shared": self.out(shared)} if self.has(shared) else {})

    def choice_is_clear(self, chosen):
        """A model whose router nearly ties is no reference: rounding would decide."""
        router, (x,) = self.r.module(self.at(self.layout.router)), self.calls.args[self.at(self.layout.router)]
        generator = torch.Generator().manual_seed(0)
        for _ in range(8):
            _, _, again = router(x + 1e-4 * torch.randn(x.shape, generator=generator))
            assert torch.equal(again.sort(-1).values, chosen.sort(-1).values), f"{self.path}: a near tie"

    def attention(self):
        """Scores before the mask, and each head's share of the output, are computed here."""
        layout, a = self.layout, self.layout.attended(self)
        q, k, v = layout.qkv(self, a)  # [batch, pos, head, d_head]
        steps = layout.before(self) | {"hook_q": q, "hook_k": k, "hook_v": v}
        if self.has(layout.q_norm):
            q = steps["q_norm.hook_normalized"] = by_head(self.out(layout.q_norm), q)
            k = steps["k_norm.hook_normalized"] = by_head(self.out(layout.k_norm), k)
        query, key = a.query.transpose(1, 2), a.key.transpose(1, 2)
        if layout.rotates(self.config, self.i):
            steps |= {"hook_rot_q": query, "hook_rot_k": key}
            q, k = query, key
        else:
            close(q, query, "query")
            close(k, key, "key")
        close(v, a.value.transpose(1, 2), "value")
        scored = self.scores(q, k, a)
        return steps | scored | self.values(scored["hook_pattern"], v, a.z)

    def scores(self, q, k, a):
        q, k = q.transpose(1, 2), self.share(k).transpose(1, 2)
        steps = {"hook_qk": q @ k.transpose(-1, -2)}
        scores = steps["hook_scaled"] = steps["hook_qk"] * a.scale
        if a.softcap is not None:
            scores = steps["hook_softcapped"] = a.softcap * torch.tanh(scores / a.softcap)
        if a.bias is not None:
            scores = steps["hook_biased"] = scores + a.bias
        masked = steps["hook_attn_scores"] = scores.masked_fill(a.mask < -1e30, float("-inf"))
        if a.sinks is not None:
            masked = torch.cat([masked, a.sinks[None, :, None, None].expand(*masked.shape[:3], 1)], -1)
        pattern = torch.softmax(masked, -1)
        if a.sinks is not None:
            pattern, sink = pattern[..., :-1], pattern[..., -1]
        if a.pattern is not None:
            close(pattern, a.pattern, "pattern")
        steps["hook_pattern"] = pattern if a.pattern is None else a.pattern
        if a.sinks is not None:
            steps["hook_sink"] = sink
            close(steps["hook_pattern"].sum(-1) + sink, torch.ones_like(sink), "sink")
        return steps

    def values(self, pattern, v, z):
        o = self.r.module(self.at(self.layout.o))
        value = self.share(v)
        close(torch.einsum("bhqk,bkhd->bqhd", pattern, value), z, "z")
        close(z.flatten(2), self.into(self.layout.o), "z, flat")
        weight = o.weight.T.reshape(self.heads, z.shape[-1], -1)  # [head, d_head, d_model]
        bias = o.bias if o.bias is not None else torch.zeros(weight.shape[-1])
        result = torch.einsum("bphd,hdm->bphm", z, weight)
        v_up = torch.einsum("bphd,hdm->bphm", value, weight)
        close(torch.einsum("bhqk,bkhm->bqhm", pattern, v_up), result, "v_up")
        close(result.sum(2) + bias, self.out(self.layout.o), "result")
        return {"hook_z": z, "hook_v_up": v_up, "hook_result": result, "b_O": bias[None]}

    def share(self, x):
        """Repeats key or value heads so that each query head has its own."""
        return x.repeat_interleave(self.heads // x.shape[2], 2)


class PostNormBlock(Block):
    """A block whose norms come after each sum, as in OPT 350M: the names are
    those of TransformerLens's BERT block. resid_mid = resid_pre + attn_out,
    ln1 norms it, resid_post = ln1's output + mlp_out, and ln2's output is what
    the next block receives."""

    def leaving(self):
        return self.out(self.layout.ln2)

    def steps(self):
        layout = self.layout
        steps = {"hook_resid_pre": self.calls.input(self.path)}
        steps |= {f"attn.{name}": value for name, value in self.attention().items()}
        steps["hook_attn_out"] = self.out(layout.attn_writes or layout.attn)
        steps["hook_resid_mid"] = self.into(layout.ln1)
        steps |= self.r.norm(self.at(layout.ln1), "ln1")
        steps |= {f"mlp.{name}": value for name, value in self.mlp().items()}
        steps["hook_mlp_out"] = self.out(layout.mlp_writes)
        steps["hook_resid_post"] = self.into(layout.ln2)
        steps |= self.r.norm(self.at(layout.ln2), "ln2")
        close(steps["hook_resid_pre"] + steps["hook_attn_out"], steps["hook_resid_mid"], "hook_resid_mid")
        close(steps["ln1.hook_normalized"] + steps["hook_mlp_out"], steps["hook_resid_post"], "hook_resid_post")
        return steps


def by_head(x, like):
    """Brings what a q or k norm returned to the shape of what it was given."""
    if x.ndim == 4 and x.shape[1] != like.shape[1]:
        x = x.transpose(1, 2)
    return x.reshape(like.shape)


def one(value):
    """Drops the batch axis."""
    assert value.shape[0] == 1
    return value[0].detach().float().contiguous()


def close(got, want, name):
    """Holds a computed value to the module's, relative to the module's largest."""
    assert got.shape == want.shape, f"{name}: {tuple(got.shape)}, not {tuple(want.shape)}"
    error = (got - want).abs().max().item() / max(1.0, want.abs().max().item())
    assert error <= TOLERANCE, f"{name}: off by {error:.3g}"
