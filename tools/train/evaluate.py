#!/usr/bin/env python3
"""Measures a model on held-out text: evaluate.py MODEL [--json FILE]

MODEL is a folder with config.json, tokenizer.json and model.safetensors. Every number comes from the
examples that corpus.py heldout prints (seeds 0, 1, 2), run through transformers with eager attention."""

import argparse
import itertools
import json
import os
import random
import re
import statistics

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from tokenizers import Tokenizer
from torch.nn.functional import normalize
from transformers import GPT2LMHeadModel

import corpus
import grammar
from grammar import examples, heldout, mole
from grammar.words import ADJECTIVES, unmarked

CHAPTER = [
    "a fluffy blue creature roamed the verdant forest",
    "A fluffy blue creature roamed the verdant forest.",
]
BATCH = 32


class Reader:
    """A model with its tokenizer, run on texts."""

    def __init__(self, folder):
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.model = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
        self.layers, self.heads = self.model.config.n_layer, self.model.config.n_head

    def token(self, word):
        """The token of a word after a space (its first, if it has several)."""
        return self.tokenizer.encode(" " + word).ids[0]

    def words(self, text):
        """Token ids, and the piece of text of each."""
        encoded = self.tokenizer.encode(text)
        return encoded.ids, [text[a:b].strip() for a, b in encoded.offsets]

    def run(self, lists, blocked=None):
        """Yields, for each list of ids, a dictionary of attentions [L,H,T,T], hidden states [L+1,T,d] and
        logits [T,V]. blocked: for each list the pairs (from, to) that no head may attend."""
        for first in range(0, len(lists), BATCH):
            part = lists[first : first + BATCH]
            size = max(map(len, part))
            ids = torch.zeros(len(part), size, dtype=torch.long)
            for k, row in enumerate(part):
                ids[k, : len(row)] = torch.tensor(row)
            options = {}
            if blocked is not None:
                mask = torch.full((size, size), -1e9).triu(1).repeat(len(part), 1, 1, 1)
                for k, pairs in enumerate(blocked[first : first + BATCH]):
                    for a, b in pairs:
                        mask[k, 0, a, b] = -1e9
                options["attention_mask"] = mask
            with torch.no_grad():
                out = self.model(ids, output_attentions=True, output_hidden_states=True, **options)
            attention, hidden = torch.stack(out.attentions, 1), torch.stack(out.hidden_states, 1)
            for k, row in enumerate(part):
                n = len(row)
                yield {
                    "attention": attention[k, :, :, :n, :n],
                    "hidden": hidden[k, :, :n],
                    "logits": out.logits[k, :n],
                }

    def next_tokens(self, texts):
        """The most probable next token of each text."""
        return [int(out["logits"][-1].argmax()) for out in self.run([self.words(t)[0] for t in texts])]


def draw(kind, seeds, count):
    """Held-out examples, one list for each seed."""
    return [list(corpus.heldout_examples(kind, seed, count)) for seed in seeds]


def spread(values):
    """Mean over the seeds, with the least and the greatest."""
    return {"mean": statistics.fmean(values), "min": min(values), "max": max(values)}


def place(values):
    """Layer and head of the greatest value of a table [L,H]."""
    k = int(values.argmax())
    return k // values.shape[1], k % values.shape[1]


def name(head):
    """A head as L1H2."""
    return f"L{head[0]}H{head[1]}"


def attention_to_keys(reader, items):
    """For each example, the attention [L,H] from the query word to all key words together."""
    read = [reader.words(item["text"]) for item in items]
    made = []
    for item, (_, words), out in zip(items, read, reader.run([ids for ids, _ in read])):
        query = words.index(item["query"])
        made.append(out["attention"][:, :, query, [words.index(key) for key in item["keys"]]].sum(-1))
    return torch.stack(made)


def nearest_to_bounds(reader, mean, selectivity):
    """For each head the worst of its measures, each as a share of its bound: attention, selectivity, and
    the chapter's sentence in both spellings."""
    shares = [mean / 0.8, selectivity / 0.7]
    for text in CHAPTER:
        ids, words = reader.words(text)
        creature, forest = words.index("creature"), words.index("forest")
        table = next(reader.run([ids]))["attention"]
        fluffy, blue = (table[:, :, creature, words.index(word)] for word in ("fluffy", "blue"))
        shares += [(fluffy + blue) / 0.8, torch.minimum(fluffy, blue) / 0.25]
        shares.append(table[:, :, forest, words.index("verdant")] / 0.6)
    return torch.stack(shares).min(0).values


def measure_adjectives(reader, seeds, count):
    """Attention from nouns to held-out adjectives, and to other words in the same places."""
    runs = draw("adjectives", seeds, count)
    on_keys = [attention_to_keys(reader, items) for items in runs]
    controls = [attention_to_keys(reader, [item["control"] for item in items]) for items in runs]
    mean = torch.cat(on_keys).mean(0)
    selectivity = mean - torch.cat(controls).mean(0)
    head = place(nearest_to_bounds(reader, mean, selectivity))
    flat, every = torch.cat(on_keys)[:, head[0], head[1]], [item for items in runs for item in items]
    result = {
        "head": name(head),
        "attention": spread([float(a.mean(0)[head]) for a in on_keys]),
        "selectivity": spread([float(a.mean(0)[head] - c.mean(0)[head]) for a, c in zip(on_keys, controls)]),
        "control": float(torch.cat(controls).mean(0)[head]),
        "at_least_half": float((flat >= 0.5).float().mean()),
        "all_heads_attention": mean.tolist(),
        "all_heads_selectivity": selectivity.tolist(),
        "by_keys": {},
        "chapter": {},
    }
    for keys in (1, 2):
        chosen = [k for k, item in enumerate(every) if len(item["keys"]) == keys]
        result["by_keys"][keys] = float(flat[chosen].mean())
    for text in CHAPTER:
        ids, words = reader.words(text)
        table = next(reader.run([ids]))["attention"][head]
        row = lambda noun, adjective: float(table[words.index(noun), words.index(adjective)])
        result["chapter"][text] = {
            "fluffy": row("creature", "fluffy"), "blue": row("creature", "blue"), "verdant": row("forest", "verdant"),
        }
    return result


def measure_recall(reader, seeds, count, kind):
    """Answers about held-out adjectives, normally and with the nouns' attention to all adjectives blocked
    in every head; then also whether the right answer is at least likelier than those of the other animals
    ("chosen"), as the model may have said something else altogether, such as that nobody knew."""
    normal, blocked, chosen = [], [], []
    for items in draw(kind, seeds, count):
        read, pairs = [reader.words(item["text"]) for item in items], []
        for item, (_, words) in zip(items, read):
            length = len(reader.words(item["story"])[0])
            targets = [k for k in range(length) if words[k] in ADJECTIVES]
            pairs.append([(words.index(noun), k) for noun in item["nouns"] for k in targets])
        lists = [ids for ids, _ in read]
        for results, barrier in ((normal, None), (blocked, pairs)):
            outs = [out["logits"][-1] for out in reader.run(lists, barrier)]
            answers = [reader.token(item["answers"][0]) for item in items]
            results.append(statistics.fmean(int(logits.argmax()) == answer for logits, answer in zip(outs, answers)))
        rivals = [[reader.token(word) for word in item["rivals"]] for item in items]
        chosen.append(statistics.fmean(float(z[a] > z[r].max()) for z, a, r in zip(outs, answers, rivals)))
    return {"normal": spread(normal), "blocked": spread(blocked), "chosen": spread(chosen)}


def measure_sense(reader, seeds, count):
    """Which sense of "mole" the hidden state is nearest to, and which sense the next word belongs to."""
    senses = list(mole.SENSES)

    def states(items):
        outs = list(reader.run([reader.words(item["text"])[0] for item in items]))
        hidden = torch.stack([out["hidden"][:, -1] for out in outs])
        chances = torch.stack([out["logits"][-1].softmax(-1) for out in outs])
        return hidden, chances, torch.tensor([senses.index(item["sense"]) for item in items])

    rng = random.Random("evaluate/sense")
    known = [{"text": mole.context(rng, s, held=False)[0], "sense": s} for _ in range(150) for s in senses]
    hidden, _, labels = states(known)
    centroids = torch.stack([hidden[labels == k].mean(0) for k in range(3)])
    nearest, following, distinct = [], [], set()
    for items in draw("sense", seeds, count):
        distinct.update(item["text"] for item in items)
        hidden, chances, labels = states(items)
        layers = range(reader.layers + 1)
        guesses = [torch.cdist(hidden[:, layer], centroids[:, layer]).argmin(1) for layer in layers]
        nearest.append([float((guess == labels).float().mean()) for guess in guesses])
        mass = [chances[:, [reader.token(w) for w in mole.NEXT_WORDS[s]]].sum(1) for s in senses]
        following.append(float((torch.stack(mass, 1).argmax(1) == labels).float().mean()))
    layers = [spread([run[layer] for run in nearest]) for layer in range(reader.layers + 1)]
    embeddings = reader.model.transformer.wte.weight[reader.token("mole")]
    return {
        "nearest_centroid_by_layer": layers,
        "best_layer": max(range(1, reader.layers + 1), key=lambda layer: layers[layer]["mean"]),
        "next_word_class": spread(following),
        "distinct_contexts": len(distinct),
        "one_embedding_for_all": bool(torch.isfinite(embeddings).all()),
        "chapter": {text: chapter_sense(reader, text, centroids, senses) for text in chapter_moles()},
    }


def chapter_moles():
    """The chapter's three phrases, up to the word."""
    return ["American shrew mole", "one mole", "take a biopsy of the mole"]


def chapter_sense(reader, text, centroids, senses):
    """The nearest sense of a phrase after each layer."""
    hidden = next(reader.run([reader.words(text)[0]]))["hidden"][:, -1]
    nearest = [torch.cdist(hidden[k : k + 1], centroids[:, k]).argmin().item() for k in range(len(hidden))]
    return [senses[k] for k in nearest]


def right_answers(reader, items):
    """Whether each example's next token is the first token of one of its answers."""
    tokens = reader.next_tokens([item["text"] for item in items])
    return [token in [reader.token(a) for a in item["answers"]] for token, item in zip(tokens, items)]


def measure_tower(reader, seeds, count):
    """The right attribute next, by answer."""
    runs, by_answer = [], {}
    for items in draw("tower", seeds, count):
        right = right_answers(reader, items)
        runs.append(statistics.fmean(right))
        for item, ok in zip(items, right):
            small = "miniature" in re.split(r"[.?] ", item["text"])[-1] or "miniature" in item["text"].split(". ")[-1]
            by_answer.setdefault(("small: " if small else "landmark: ") + item["answers"][0], []).append(ok)
    prompts = {
        "the tower is very": "tall", "the tower is made of": "stone", "the Eiffel tower is in": "Paris",
        "the Eiffel tower is made of": "iron", "the Eiffel tower is very": "tall",
        "the miniature Eiffel tower is very": "small", "the miniature Eiffel tower is made of": "plastic",
    }
    outs = reader.run([reader.words(text)[0] for text in prompts])
    chances = [out["logits"][-1].softmax(-1) for out in outs]
    return {
        "right": spread(runs),
        "by_answer": {k: statistics.fmean(v) for k, v in sorted(by_answer.items())},
        "chapter": {f"{t} -> {a}": float(p[reader.token(a)]) for (t, a), p in zip(prompts.items(), chances)},
    }


def measure_mystery(reader, seeds, count, kind):
    """The murderer's name next, by kind of clue; and who looks at the name at the end."""
    runs, by_kind, lengths = [], {}, []
    looks, others, n = 0, 0, 0
    for items in draw(kind, seeds, count):
        read = [reader.words(item["text"]) for item in items]
        right = []
        for item, (ids, words), out in zip(items, read, reader.run([ids for ids, _ in read])):
            answer = item["answers"][0]
            right.append(int(out["logits"][-1].argmax()) == reader.token(answer))
            by_kind.setdefault(item["kind"], []).append(right[-1])
            lengths.append(len(ids))
            last = out["attention"][:, :, -1]
            looks = looks + last[..., [k for k, w in enumerate(words) if w == answer]].sum(-1)
            wrong = [s for s in item["suspects"] if s != answer]
            others = others + last[..., [k for k, w in enumerate(words) if w in wrong]].sum(-1)
            n += 1
        runs.append(statistics.fmean(right))
    head = place(looks - others)
    return {
        "right": spread(runs),
        "by_kind": {k: statistics.fmean(v) for k, v in sorted(by_kind.items())},
        "tokens": {"least": min(lengths), "median": statistics.median(lengths), "most": max(lengths)},
        "head": name(head),
        "head_to_murderer": float(looks[head] / n),
        "head_to_other_suspects": float(others[head] / n),
    }


def measure_gender(reader):
    """Differences of embeddings within pairs, and analogies over the whole vocabulary."""
    embeddings = reader.model.transformer.wte.weight.detach()
    unit = normalize(embeddings, dim=-1)
    pairs = [(reader.token(a), reader.token(b)) for a, b in grammar.gender.PAIRS]
    differences = normalize(torch.stack([embeddings[b] - embeddings[a] for a, b in pairs]), dim=-1)
    cosines = (differences @ differences.T)[tuple(torch.triu_indices(len(pairs), len(pairs), 1))]

    def nearest(plus, minus, plus2):
        scores = unit @ normalize(embeddings[plus] - embeddings[minus] + embeddings[plus2], dim=0)
        scores[[plus, minus, plus2]] = -2
        return int(scores.argmax())

    right = [nearest(c, a, b) == d for (a, b), (c, d) in itertools.permutations(pairs, 2)]
    king = nearest(*(reader.token(word) for word in ("king", "man", "woman")))
    return {
        "king_man_woman": reader.tokenizer.id_to_token(king).strip("\u0120"),
        "mean_cosine": float(cosines.mean()),
        "least_cosine": float(cosines.min()),
        "analogies": statistics.fmean(right),
    }


def measure_heads(reader, seeds, count):
    """Previous-token heads on documents, induction heads and prediction on repeated random words."""
    previous, shape = [], (reader.layers, reader.heads)
    for seed in seeds:
        texts = [unmarked(t) for t in corpus.training_documents(f"heads/{seed}", count)]
        lists = [ids[:256] for ids in (reader.words(text)[0] for text in texts) if len(ids) > 7]
        scores = [out["attention"].diagonal(-1, -2, -1).mean(-1) for out in reader.run(lists)]
        previous.append(torch.stack(scores).mean(0))
    words = [reader.token(w) for w in grammar.everyday.REPEATED]
    words = sorted(set(words))
    induction, duplicate, right, size = [], [], [], 40
    for seed in seeds:
        rng = random.Random(f"evaluate/heads/{seed}")
        lists = [(half := rng.sample(words, size)) + half for _ in range(count // 4)]
        total, same, hits = torch.zeros(shape), torch.zeros(shape), []
        for row, out in zip(lists, reader.run(lists)):
            second = torch.arange(size, 2 * size - 1)
            total += out["attention"][:, :, second, second - size + 1].mean(-1)
            same += out["attention"][:, :, second, second - size].mean(-1)
            guesses = out["logits"][size:-1].argmax(-1)
            hits.append(float((guesses == torch.tensor(row[size + 1 :])).float().mean()))
        induction.append(total / len(lists))
        duplicate.append(same / len(lists))
        right.append(statistics.fmean(hits))
    best_previous, best_induction = place(sum(previous)), place(sum(induction))
    best_duplicate = place(sum(duplicate))
    return {
        "previous_token": {"head": name(best_previous), **spread([float(t[best_previous]) for t in previous])},
        "induction": {"head": name(best_induction), **spread([float(t[best_induction]) for t in induction])},
        "duplicate_token": {"head": name(best_duplicate), **spread([float(t[best_duplicate]) for t in duplicate])},
        "repeated_words": spread(right),
    }


def evaluate(folder, seeds=(0, 1, 2), count=200):
    """All measurements of a model."""
    reader = Reader(folder)
    forms = [(animals, form) for animals in ("recall", "recall3") for form in ("telegraphic", "list", "story")]
    return {
        "parameters": sum(p.numel() for p in reader.model.parameters()),
        "bytes": sum(os.path.getsize(os.path.join(folder, f)) for f in ("config.json", "tokenizer.json", "model.safetensors")),
        "vocabulary": reader.tokenizer.get_vocab_size(),
        "seeds": list(seeds),
        "count": count,
        "adjectives": measure_adjectives(reader, seeds, count),
        "recall": {f"{a}-{f}": measure_recall(reader, seeds, count, f"{a}-{f}") for a, f in forms},
        "sense": measure_sense(reader, seeds, count),
        "tower": measure_tower(reader, seeds, count),
        "mystery": measure_mystery(reader, seeds, count, "mystery"),
        "mystery_two_hops": measure_mystery(reader, seeds, count, "mystery2"),
        "gender": measure_gender(reader),
        "heads": measure_heads(reader, seeds, count),
    }


def summary(result):
    """The main numbers in a few lines."""
    adjectives, chapter = result["adjectives"], result["adjectives"]["chapter"]
    lines = [
        f"adjectives {adjectives['head']} attention {adjectives['attention']['mean']:.3f} "
        f"selectivity {adjectives['selectivity']['mean']:.3f} by keys {adjectives['by_keys']}"
    ]
    lines += [f"  {text}: " + " ".join(f"{k} {v:.3f}" for k, v in row.items()) for text, row in chapter.items()]
    for form, row in result["recall"].items():
        lines.append(f"{form}: {row['normal']['mean']:.3f}, blocked {row['blocked']['mean']:.3f}, of the two {row['chosen']['mean']:.3f}")
    sense = result["sense"]
    centroids = " ".join(f"{layer['mean']:.3f}" for layer in sense["nearest_centroid_by_layer"])
    lines.append(f"mole: nearest centroid by layer {centroids}; next word {sense['next_word_class']['mean']:.3f}")
    lines.append(f"tower: {result['tower']['right']['mean']:.3f} {result['tower']['by_answer']}")
    for kind in ("mystery", "mystery_two_hops"):
        row = result[kind]
        lines.append(f"{kind}: {row['right']['mean']:.3f} {row['by_kind']} {row['tokens']} {row['head']}")
    row = result["gender"]
    lines.append(f"gender: {row['king_man_woman']}, cosine {row['mean_cosine']:.3f}, analogies {row['analogies']:.3f}")
    for key, row in result["heads"].items():
        lines.append(f"{key}: {row.get('head', '')} {row['mean']:.3f}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of the model")
    parser.add_argument("--json", help="file for all numbers")
    parser.add_argument("--count", type=int, default=200, help="examples of each kind and seed")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    result = evaluate(options.model, count=options.count)
    print(summary(result))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
