# Times PyTorch at what attn bench times: rows of JSON on standard input, one for
# each on standard output, as soon as it is timed. internal/bench/torch.go runs it.
import json
import statistics
import sys
import time

import torch

job = json.load(sys.stdin)
torch.manual_seed(0)
torch.set_float32_matmul_precision("highest")  # no TF32: attn computes with float32


def work(row, device):
    if row["op"] == "matmul":
        a, b = torch.randn(row["m"], row["k"], device=device), torch.randn(row["n"], row["k"], device=device)
        return "a @ b.T, float32", lambda: a @ b.T
    if row["op"] == "trace":
        return "eager pass, copied to the CPU", gpt2(row, device)
    q, k, v = (torch.randn(1, row["heads"], row["n"], row["d_head"], device=device) for _ in range(3))
    causal = row.get("causal", False)

    def attention():
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)

    return "scaled_dot_product_attention, math", attention


class Handed:
    """What a pass hands out: on the CPU, copied while the GPU computes on."""

    def __init__(self, device):
        self.kept, self.on_gpu = [], device == "cuda"

    def keep(self, x):
        if self.on_gpu:
            x = torch.empty(x.shape, pin_memory=True).copy_(x, non_blocking=True)
        self.kept.append(x)

    def wait(self):
        if self.on_gpu:
            torch.cuda.synchronize()


def gpt2(row, device):
    """GPT-2's pass in plain PyTorch, step by step as transformers' eager one."""
    s, n = row["shape"], row["n"]
    layers, heads, width, d, mlp = s["layers"], s["heads"], s["d_head"], s["d_model"], s["d_mlp"]

    def linear(out, inputs):
        return torch.randn(out, inputs, device=device) / inputs**0.5, torch.zeros(out, device=device)

    def norm():
        return torch.ones(d, device=device), torch.zeros(d, device=device)

    words, places = torch.randn(s["d_vocab"], d, device=device), torch.randn(n, d, device=device)
    blocks = [(norm(), linear(3 * heads * width, d), linear(d, heads * width), norm(), linear(mlp, d), linear(d, mlp)) for _ in range(layers)]
    last = norm()
    ids = torch.arange(n, device=device) * s["d_vocab"] // n
    mask = torch.full((n, n), -torch.inf, device=device).triu(1)
    f = torch.nn.functional

    def run():
        out = Handed(device)
        x = words[ids] + places
        for norm1, qkv, project, norm2, up, down in blocks:
            out.keep(x)
            q, k, v = f.linear(f.layer_norm(x, (d,), *norm1), *qkv).view(n, 3, heads, width).permute(1, 2, 0, 3)
            pattern = torch.softmax(q @ k.transpose(1, 2) / width**0.5 + mask, dim=-1)
            out.keep(pattern)
            x = x + f.linear((pattern @ v).transpose(0, 1).reshape(n, heads * width), *project)
            x = x + f.linear(f.gelu(f.linear(f.layer_norm(x, (d,), *norm2), *up), approximate="tanh"), *down)
        out.keep(x)
        out.keep(f.linear(f.layer_norm(x[n - row["logits"] :], (d,), *last), words))
        out.wait()
        return out

    return run


def on_gpu(run, seconds):
    waste = torch.empty(1 << 28, dtype=torch.int8, device="cuda")
    samples, begin = [], time.perf_counter()
    run()
    while len(samples) < 5 or len(samples) < 1000 and time.perf_counter() - begin < seconds:
        waste.zero_()  # as attn does: nothing is in the caches
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        torch.cuda.synchronize()
        samples.append(start.elapsed_time(end))
    return samples


def on_cpu(run, seconds):
    samples, begin = [], time.perf_counter()
    run()
    while len(samples) < 5 or len(samples) < 1000 and time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        run()
        samples.append(1000 * (time.perf_counter() - start))
    return samples


def timed(row):
    gpu = row["device"] == "cuda"
    if gpu and not torch.cuda.is_available():
        raise RuntimeError("this PyTorch finds no GPU")
    if not gpu:
        torch.set_num_threads(row["threads"])
    what, run = work(row, "cuda" if gpu else "cpu")
    samples = (on_gpu if gpu else on_cpu)(run, job["seconds"])
    return {"version": torch.__version__, "what": what, "ms_min": min(samples), "ms_median": statistics.median(samples), "runs": len(samples)}


def tell(result):
    print(json.dumps(result), flush=True)


with torch.no_grad():
    for row in job["rows"]:
        try:
            result = timed(row)
        except Exception as e:
            result = {"error": f"{type(e).__name__}: {e}".strip().splitlines()[0]}
        tell(result)
        if "error" in result and torch.cuda.is_available():
            try:
                torch.cuda.synchronize()
                torch.cuda.empty_cache()
            except Exception:  # such an error stays until the process ends
                break
