"""Writes gpt-oss's experts as the Hugging Face hub's files have them: in MXFP4.

The numbers are rounded here; what they are again is transformers' word alone,
which reads the folder for the trace (transformers integrations/mxfp4.py).
"""

import json
import os

import torch
from safetensors.torch import load_file, save_file
from transformers.integrations.mxfp4 import FP4_VALUES, convert_moe_packed_tensors

BLOCK = 32


def pack(weight):
    """Returns blocks [experts, out, in / 32, 16] and scales of a weight [experts, in, out]."""
    x = weight.transpose(1, 2)
    x = x.reshape(*x.shape[:2], -1, BLOCK)
    largest = x.abs().amax(-1, keepdim=True)
    exponent = torch.floor(torch.log2(largest / 4)).clamp(-127, 127)
    codes = (x[..., None] / 2.0 ** exponent[..., None] - torch.tensor(FP4_VALUES)).abs().argmin(-1)
    blocks = codes[..., ::2] | codes[..., 1::2] << 4
    return blocks.to(torch.uint8), (exponent[..., 0] + 127).to(torch.uint8)


def quantise(folder):
    """Replaces the experts' matrices of a saved model, and says so in its config.json."""
    path = os.path.join(folder, "model.safetensors")
    tensors = {}
    for name, value in load_file(path).items():
        if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            tensors[name] = value
            continue
        blocks, scales = pack(value)
        again = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
        assert (again - value).abs().max() <= value.abs().max() / 4, name
        tensors[f"{name}_blocks"], tensors[f"{name}_scales"] = blocks.contiguous(), scales.contiguous()
    save_file(tensors, path, metadata={"format": "pt"})
    path = os.path.join(folder, "config.json")
    with open(path) as f:
        config = json.load(f)
    config["quantization_config"] = {
        "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"],
        "quant_method": "mxfp4",
    }
    with open(path, "w") as f:
        json.dump(config, f, indent=2, sort_keys=True)
        f.write("\n")
