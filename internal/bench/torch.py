# Times PyTorch at what attn bench times: rows of JSON on standard input, one for
# each on standard output, as soon as it is timed. internal/bench/torch.go runs it.
import json
import statistics
import sys
import time

import torch

job = json.load(sys.stdin)
torch.manual_seed(0)


def work(row, device):
    if row["op"] == "matmul":
        a, b = torch.randn(row["m"], row["k"], device=device), torch.randn(row["n"], row["k"], device=device)
        return "a @ b.T, float32", lambda: a @ b.T
    q, k, v = (torch.randn(1, row["heads"], row["n"], row["d_head"], device=device) for _ in range(3))
    causal = row.get("causal", False)

    def attention():
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)

    return "scaled_dot_product_attention, math", attention


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
