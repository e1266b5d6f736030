"""The GPT-2 architecture in plain PyTorch, and its export in Hugging Face's file layout."""

import json
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

LAYERS, HEADS, WIDTH, CONTEXT = 4, 6, 192, 256
EPSILON = 1e-5


class Conv1D(nn.Module):
    """A linear map whose weight lies input-first, as GPT-2 stores it."""

    def __init__(self, width_in, width_out, std):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width_in, width_out) * std)
        self.bias = nn.Parameter(torch.zeros(width_out))

    def forward(self, x):
        return F.linear(x, self.weight.t(), self.bias)


class Attention(nn.Module):
    """Masked self-attention with HEADS heads."""

    def __init__(self):
        super().__init__()
        self.c_attn = Conv1D(WIDTH, 3 * WIDTH, 1 / math.sqrt(WIDTH))
        self.c_proj = Conv1D(WIDTH, WIDTH, 0.08 / math.sqrt(2 * LAYERS))
        mask = torch.ones(CONTEXT, CONTEXT, dtype=torch.bool).tril()
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x):
        batch, length, _ = x.shape
        size = WIDTH // HEADS
        query, key, value = self.c_attn(x).view(batch, length, 3, HEADS, size).permute(2, 0, 3, 1, 4)
        scores = (query @ key.transpose(-1, -2)) * size**-0.5
        scores = scores.masked_fill(~self.mask[:length, :length], -1e4)
        out = scores.softmax(-1).to(value.dtype) @ value
        return self.c_proj(out.transpose(1, 2).reshape(batch, length, WIDTH))


class MLP(nn.Module):
    """Two linear maps with GELU (tanh form) between them."""

    def __init__(self):
        super().__init__()
        self.c_fc = Conv1D(WIDTH, 4 * WIDTH, 0.5 / math.sqrt(WIDTH))
        self.c_proj = Conv1D(4 * WIDTH, WIDTH, 0.02 / math.sqrt(2 * LAYERS))

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    """One layer: attention, then the MLP, each added to the residual stream."""

    def __init__(self):
        super().__init__()
        self.ln_1 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.attn = Attention()
        self.ln_2 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.mlp = MLP()

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


def sinusoids():
    """A sinusoidal start of the learned positions, from 2 to 0.01 radians for each token: previous-token
    heads form sooner from it."""
    half = WIDTH // 2
    frequency = 2 * torch.exp(-math.log(200.0) * torch.arange(half) / half)
    angle = torch.arange(CONTEXT)[:, None] * frequency[None]
    return 0.05 * math.sqrt(2) * torch.cat([angle.sin(), angle.cos()], 1)


class GPT(nn.Module):
    """The whole model; the output matrix is tied to the token embeddings."""

    def __init__(self, vocabulary):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, WIDTH)
        self.wpe = nn.Embedding(CONTEXT, WIDTH)
        self.h = nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_f = nn.LayerNorm(WIDTH, eps=EPSILON)
        nn.init.normal_(self.wte.weight, std=0.05)
        self.wpe.weight.data = sinusoids()

    def forward(self, tokens, targets, weights):
        """The weighted mean cross-entropy of the next tokens."""
        x = self.wte(tokens) + self.wpe.weight[: tokens.shape[1]]
        for block in self.h:
            x = block(x)
        logits = F.linear(self.ln_f(x), self.wte.weight).float()
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        return (loss * weights.flatten()).sum() / weights.sum()


@torch.no_grad()
def centre_keys(model, tokens):
    """Takes the mean key of these tokens from the bias of the keys, in every layer. A softmax does not see
    what all of its scores have in common, so attention stays as it is; the scores become smaller, and so
    do their rounding errors."""
    x = model.wte(tokens) + model.wpe.weight[: tokens.shape[1]]
    for block in model.h:
        keys = block.attn.c_attn(block.ln_1(x))[..., WIDTH : 2 * WIDTH]
        block.attn.c_attn.bias[WIDTH : 2 * WIDTH] -= keys.mean((0, 1))
        x = block(x)


def export(model, tokenizer, folder):
    """Writes config.json, tokenizer.json and model.safetensors (F16) into folder."""
    os.makedirs(folder, exist_ok=True)
    tensors = {
        "transformer." + name: value.detach().to(torch.float16).contiguous()
        for name, value in model.state_dict().items()
    }
    save_file(tensors, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    end = tokenizer.token_to_id("<|endoftext|>")
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": tokenizer.get_vocab_size(),
        "n_positions": CONTEXT,
        "n_ctx": CONTEXT,
        "n_embd": WIDTH,
        "n_layer": LAYERS,
        "n_head": HEADS,
        "n_inner": None,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": EPSILON,
        "bos_token_id": end,
        "eos_token_id": end,
        "tie_word_embeddings": True,
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        "dtype": "float16",
    }
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
        file.write("\n")
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
