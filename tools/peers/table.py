"""Results as a document in Markdown: one table a section, and what is to be reached."""


def is_time(value):
    """A number, rather than why there is none."""
    return isinstance(value, (int, float))


def ratio(row, peer):
    """How many times as long as attn the peer takes; None without both."""
    ours, theirs = row["ms"].get("attn"), row["ms"].get(peer)
    return theirs / ours if is_time(ours) and is_time(theirs) else None


def digits(value):
    """Three digits, and all that stand before the point."""
    if value is None:
        return ""
    places = 0
    while value > 0 and value * 10**places < 100 and places < 6:
        places += 1
    return f"{value:.{places}f}"


def cell(value):
    return digits(value) if is_time(value) else "–"


def section(name, result):
    """A section's table, the peers in the order in which they first occur."""
    peers = list(dict.fromkeys(peer for row in result["rows"] for peer in row["ms"] if peer != "attn"))
    unit = result.get("unit", "ms")
    head = ["work", f"attn, {unit}"] + [f"{peer}, {unit}" for peer in peers] + [f"{peer} ÷ attn" for peer in peers]
    lines = [f"## {name}", "", result["about"], "", "| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    refused = {}
    for row in result["rows"]:
        cells = [row["work"], cell(row["ms"].get("attn"))] + [cell(row["ms"].get(peer)) for peer in peers]
        lines.append("| " + " | ".join(cells + [cell(ratio(row, peer)) for peer in peers]) + " |")
        for program, why in row["ms"].items():
            if not is_time(why):
                refused.setdefault(f"{program}: {why}", []).append(row["work"])
    lines += [f"\n– {', '.join(works)}: {why}" for why, works in refused.items()]
    return "\n".join(lines) + "\n"


def best_peer(row, peers):
    """The smallest ratio: attn beside the faster of the peers."""
    ratios = [ratio(row, peer) for peer in peers]
    return None if not ratios or None in ratios else min(ratios)


def rows_of(results, name, wanted):
    return [row for row in results.get(name, {}).get("rows", []) if wanted(row)]


def least(results, name, peers, wanted):
    """The worst of a section's rows; None if one is missing or was refused."""
    ratios = [best_peer(row, peers) for row in rows_of(results, name, wanted)]
    return None if not ratios or None in ratios else min(ratios)


def goals(results, features):
    """What is to be reached: work, against what, at least, reached or None, why it does not apply."""
    avx512 = "" if "avx512f" in features else "this CPU has no AVX-512"
    amx = "" if "amx_bf16" in features else "this CPU has no AMX"

    def tagged(*tags):
        return lambda row: all(tag in row["tags"] for tag in tags)

    lens, transformers = (1.5, 1.1) if amx else (2.0, 1.5)
    memory = least(results, "memory", ["lens"], tagged("512"))
    return [
        ("f32 product 1024 and 2048, AVX-512", "the better of torch (MKL) and numpy (OpenBLAS)", 0.95,
         least(results, "gemm", ["torch", "numpy"], tagged("large", "avx512")), avx512),
        ("f32 product 1024 and 2048, AVX2", "numpy with OpenBLAS's Haswell kernels", 0.95,
         least(results, "gemm", ["numpy, Haswell"], tagged("large", "avx2")), ""),
        ("product 2048 with bf16 weights, AMX", "torch, f32", 2.0, least(results, "gemm", ["torch"], tagged("bf16")), amx),
        ("product 2048 with f32 weights, AMX", "torch, f32", 1.2, least(results, "gemm", ["torch"], tagged("2048", "amx")), amx),
        ("attention, n 2048 and more, with statistics", "torch scaled_dot_product_attention", 1.15,
         least(results, "attention", ["torch"], tagged("long")), ""),
        ("GPT-2-small shape, n 512, every step", "transformers, eager", transformers, least(results, "record", ["transformers"], tagged("512")), ""),
        ("the same", "TransformerLens run_with_cache", lens, least(results, "record", ["lens"], tagged("512")), ""),
        ("the same, memory", "TransformerLens", 2.0, memory, ""),
        ("Gemma 3 270M, cold start to a full trace", "llama.cpp loading alone", 2.0, least(results, "gguf", ["llama.cpp"], tagged("load")), ""),
        ("Gemma 3 270M, prefill 512", "llama.cpp", 1.0, least(results, "gguf", ["llama.cpp"], tagged("prefill")), ""),
        ("attn trace, whole process", "python -c 'import torch'", 20.0, least(results, "start", ["import torch"], tagged("start")), ""),
    ]


def goals_table(results, features):
    lines = ["## To be reached", "", "| work | against | at least | reached | |", "|---|---|---:|---:|---|"]
    for work, against, goal, reached, not_here in goals(results, features):
        if not_here:
            verdict, reached = f"does not apply: {not_here}", None
        elif reached is None:
            verdict = "not measured"
        else:
            verdict = "yes" if reached >= goal else "**no**"
        number = "" if reached is None else f"{digits(reached)}×"
        lines.append(f"| {work} | {against} | {digits(goal)}× | {number} | {verdict} |")
    return "\n".join(lines) + "\n"


def document(machine, results, quick):
    """The whole document."""
    facts = "\n".join(f"| {name} | {value} |" for name, value in machine["facts"].items())
    head = [
        "# attn beside its peers",
        "",
        "Written by `sh tools/peers/peers.sh`, in one run, the programs taking turns; regenerated, never edited. A ratio is the",
        "peer's median time divided by attn's: above 1, attn is faster. Every program has the same number of threads.",
        "" if not quick else "\n**A quick run, to see that everything works: its numbers mean nothing.**\n",
        f"| | |\n|---|---|\n{facts}",
        "",
        goals_table(results, machine["features"]),
    ]
    return "\n".join(head + [section(result["title"], result) for result in results.values()])
