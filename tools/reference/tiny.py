"""Makes the tiny models in testdata/tiny, and the trace of each.

    python tiny.py OUT

Every size is odd or unlike its neighbours, and every bias, gain and shift is
random: a mix-up of two axes, or a forgotten bias, changes the numbers.
"""

import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

import trace

IDS = [3, 17, 36, 0, 17, 5, 22, 9, 1, 30, 17]

# name: the configuration, and the dtype and naming of the weight file
MODELS = {
    "gpt2-odd": (
        dict(n_embd=20, n_head=5, n_layer=3, vocab_size=37, n_positions=24, n_inner=33, activation_function="gelu_new"),
        torch.float32,
        "transformers",
    ),
    "gpt2-untied-f16": (
        dict(n_embd=18, n_head=3, n_layer=3, vocab_size=41, n_positions=13, activation_function="gelu",
             scale_attn_by_inverse_layer_idx=True, tie_word_embeddings=False),
        torch.float16,
        "transformers",
    ),
    "gpt2-relu-bf16": (
        dict(n_embd=21, n_head=3, n_layer=2, vocab_size=39, n_positions=11, n_inner=29, activation_function="relu",
             scale_attn_weights=False, layer_norm_epsilon=1e-2),
        torch.bfloat16,
        "original",
    ),
}  # fmt: skip


def randomise(model, seed):
    """Fills every parameter, so that attention is uneven and nothing is 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in sorted(model.named_parameters()):
        noise = torch.randn(p.shape, generator=generator)
        if ".ln_" in name and name.endswith("weight"):
            values = 1 + 0.3 * noise
        elif p.ndim == 1:
            values = 0.2 * noise
        elif name.endswith(("wte.weight", "wpe.weight")):
            values = 0.6 * noise
        else:
            values = 1.2 * noise / p.shape[-1 if "lm_head" in name else 0] ** 0.5
        p.data.copy_(values)


def tensors_of(model, dtype, naming):
    """Returns the weight file's tensors.

    The original naming is that of the gpt2 repository: no prefix, and every
    layer's causal mask stored beside the weights.
    """
    tensors = {name: p.detach().to(dtype).contiguous() for name, p in model.named_parameters()}
    if naming == "original":
        tensors = {name.removeprefix("transformer."): p for name, p in tensors.items()}
        n = model.config.n_positions
        for i in range(model.config.n_layer):
            tensors[f"h.{i}.attn.bias"] = torch.ones(1, 1, n, n, dtype=torch.uint8).tril()
            tensors[f"h.{i}.attn.masked_bias"] = torch.tensor(-1e4)
    return tensors


def make(folder, config, dtype, naming, seed):
    """Writes config.json and model.safetensors."""
    os.makedirs(folder, exist_ok=True)
    config = GPT2Config(n_ctx=config["n_positions"], bos_token_id=0, eos_token_id=0, architectures=["GPT2LMHeadModel"], **config)
    model = GPT2LMHeadModel(config)
    randomise(model, seed)
    weights = os.path.join(folder, "model.safetensors")
    save_file(tensors_of(model, dtype, naming), weights, metadata={"format": "pt"})
    os.chmod(weights, 0o644)  # save_file leaves it to the owner alone
    config.dtype = dtype
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(config.to_dict() | {"architectures": ["GPT2LMHeadModel"]}, f, indent=1, sort_keys=True)
        f.write("\n")


def main():
    out = sys.argv[1]
    for seed, (name, (config, dtype, naming)) in enumerate(MODELS.items()):
        folder = os.path.join(out, name)
        make(folder, config, dtype, naming, seed)
        trace.trace(folder, trace.from_ids(IDS), os.path.join(folder, "trace.safetensors"))


if __name__ == "__main__":
    main()
