"""Writes gguf_py.jsonl: random blocks of every quantised type that attn
computes with, and the numbers that gguf-py's quants.py makes of them.

    pip install gguf==0.19.0 numpy==2.4.6
    python3 testdata/quant/make.py

golden.jsonl, beside it, has scales that are powers of two, whose products are
exact. Here scales are any binary16, the smallest and largest too, so that the
order of roundings shows.
"""

import json
import pathlib

import gguf
import numpy as np
from gguf import quants

# Where each type keeps its binary16 scales, and how many blocks are drawn.
TYPES = {
    "Q4_0": ([0], 8),
    "Q4_1": ([0, 2], 8),
    "Q5_0": ([0], 8),
    "Q5_1": ([0, 2], 8),
    "Q8_0": ([0], 8),
    "Q2_K": ([80, 82], 3),
    "Q3_K": ([108], 3),
    "Q4_K": ([0, 2], 3),
    "Q5_K": ([0, 2], 3),
    "Q6_K": ([208], 3),
    "IQ4_NL": ([0], 8),
    "IQ4_XS": ([0], 3),
    "MXFP4": ([], 8),
}
EXTREMES = [0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x0000]  # smallest, subnormal, normal, largest, zero


def scale(rng, block):
    """A finite binary16: an ordinary one in the first blocks, then an extreme."""
    if block >= 2:
        return rng.choice(EXTREMES)
    return int(np.float16(rng.normal() * 0.01).view(np.uint16))


def main():
    rng = np.random.default_rng(20261123)
    with open(pathlib.Path(__file__).with_name("gguf_py.jsonl"), "w", encoding="ascii") as out:
        for name, (places, count) in TYPES.items():
            kind = gguf.GGMLQuantizationType[name]
            _, size = gguf.GGML_QUANT_SIZES[kind]
            blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
            for i in range(count):
                for at in places:
                    blocks[i, at : at + 2] = np.frombuffer(int(scale(rng, i)).to_bytes(2, "little"), np.uint8)
            if name == "MXFP4":  # subnormal, ordinary and largest powers of two
                blocks[:, 0] = [0, 1, 2, 100, 120, 127, 252, 251]
            for block in blocks:
                values = quants.dequantize(block, kind).astype("<f4")
                line = {"type": name, "block": block.tobytes().hex(), "bits": values.tobytes().hex()}
                print(json.dumps(line, separators=(",", ":")), file=out)


if __name__ == "__main__":
    main()
