"""One peer: reads what to compute, a JSON object a line, and answers with how
many milliseconds each run took, as attn bench does: a run that does not count,
then runs until the time is over, and at least three.

    worker.py torch|numpy
    worker.py transformers|lens FOLDER
"""

import json
import os
import sys
import time

LEAST, MOST = 3, 1000


def timed(run, seconds):
    """The milliseconds of each run."""
    run()
    samples, end = [], time.perf_counter() + seconds
    while len(samples) < LEAST or (len(samples) < MOST and time.perf_counter() < end):
        start = time.perf_counter()
        run()
        samples.append(1000 * (time.perf_counter() - start))
    return samples


def torch_module():
    """PyTorch, on as many threads as OMP_NUM_THREADS says."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    return torch


def with_torch():
    """Products and scaled_dot_product_attention."""
    torch = torch_module()

    def gemm(m, n, k):
        x, w = torch.randn(m, k), torch.randn(n, k)  # weights lie output by output, as in a linear layer
        return lambda: torch.nn.functional.linear(x, w)

    def attention(n, heads, d_head, causal):
        q, k, v = (torch.randn(1, heads, n, d_head) for _ in range(3))
        return lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)

    return {"gemm": gemm, "attention": attention}


def with_numpy():
    """Products alone."""
    import numpy

    draw = numpy.random.default_rng(0)

    def gemm(m, n, k):
        x, w = (draw.standard_normal(shape, dtype=numpy.float32) for shape in ((m, k), (n, k)))
        out = numpy.empty((m, n), numpy.float32)
        return lambda: numpy.matmul(x, w.T, out=out)

    return {"gemm": gemm}


def with_transformers(folder):
    """A pass that returns attentions and hidden states: what it can record."""
    torch = torch_module()
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()

    def record(ids):
        ids = torch.tensor([ids])
        return lambda: model(ids, output_attentions=True, output_hidden_states=True, use_cache=False)

    def logits(ids):
        return model(torch.tensor([ids])).logits[0, -1].tolist()

    return {"record": record, "logits": logits}


def with_lens(folder):
    """A pass that caches every hook."""
    torch = torch_module()
    from transformer_lens.model_bridge import TransformerBridge

    model = TransformerBridge.boot_transformers(folder, device="cpu")

    def record(ids):
        ids = torch.tensor([ids])
        return lambda: model.run_with_cache(ids)

    return {"record": record}


PEERS = {"torch": with_torch, "numpy": with_numpy, "transformers": with_transformers, "lens": with_lens}


def main():
    # What libraries print must not stand between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    works = PEERS[sys.argv[1]](*sys.argv[2:])
    for line in sys.stdin:
        asked = json.loads(line)
        work, seconds = works[asked.pop("work")], asked.pop("seconds", None)
        if seconds is None:
            answer = work(**asked)
        elif seconds == 0:  # once: for the memory that it takes
            answer = work(**asked)() is None
        else:
            answer = timed(work(**asked), seconds)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
