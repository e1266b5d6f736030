#!/usr/bin/env python3
"""Writes REPORT.md from measurements: report.py MODEL.json LOG.jsonl --baseline FILE --seeds FILE...

MODEL.json, the baseline's file and the files of the other seeds come from evaluate.py --json; LOG.jsonl
is the log of the training run."""

import argparse
import json
import os
import textwrap

import grammar
import schedule
from grammar import heldout, words

HERE = os.path.dirname(os.path.abspath(__file__))
BAR = 40


def chapter(result, adjectives):
    """The least attention that the chapter's nouns give to all of these adjectives, over both spellings."""
    rows = result["adjectives"]["chapter"].values()
    return min(sum(row[adjective] for adjective in adjectives) for row in rows)


def least_of_two(result):
    """The least attention of "creature" to one of its two adjectives, over both spellings."""
    return min(min(row["fluffy"], row["blue"]) for row in result["adjectives"]["chapter"].values())


def attribute(answers):
    """Reads the worst of the attributes of buildings whose names end in one of the answers."""
    return lambda r: min(v for k, v in r["tower"]["by_answer"].items() if k in answers)


def best_sense(result):
    """The nearest-centroid score of the best layer."""
    return result["sense"]["nearest_centroid_by_layer"][result["sense"]["best_layer"]]["mean"]


# Phenomenon, measure, how to read it, the bound, whether the bound is an upper one, where it happens.
LANDMARK = ["landmark: Paris", "landmark: iron", "landmark: tall"]
SMALL = ["small: small", "small: plastic"]
ROWS = [
    ("adjectives update their noun", "attention of one head from the noun to its adjectives",
     lambda r: r["adjectives"]["attention"]["mean"], 0.8, False, lambda r: r["adjectives"]["head"]),
    ("", "its selectivity", lambda r: r["adjectives"]["selectivity"]["mean"], 0.7, False, lambda r: r["adjectives"]["head"]),
    ("the chapter's sentence (worse of both spellings)", "creature: fluffy + blue",
     lambda r: chapter(r, ["fluffy", "blue"]), 0.8, False, lambda r: r["adjectives"]["head"]),
    ("", "creature: the lesser of fluffy and blue", least_of_two, 0.25, False, lambda r: r["adjectives"]["head"]),
    ("", "forest: verdant", lambda r: chapter(r, ["verdant"]), 0.6, False, lambda r: r["adjectives"]["head"]),
    ("the noun carries it on", "recall, lists without separators", lambda r: r["recall"]["recall-telegraphic"]["normal"]["mean"], 0.95, False, None),
    ("", "the same, noun to adjectives blocked", lambda r: r["recall"]["recall-telegraphic"]["blocked"]["mean"], 0.6, True, None),
    ("", "the same, the right one likelier than the other animal's", lambda r: r["recall"]["recall-telegraphic"]["chosen"]["mean"], None, True, None),
    ("", "recall, lists with commas", lambda r: r["recall"]["recall-list"]["normal"]["mean"], 0.95, False, None),
    ("", "the same, noun to adjectives blocked", lambda r: r["recall"]["recall-list"]["blocked"]["mean"], 0.6, True, None),
    ("", "the same, the right one likelier than the other animal's", lambda r: r["recall"]["recall-list"]["chosen"]["mean"], None, True, None),
    ("", "recall, stories", lambda r: r["recall"]["recall-story"]["normal"]["mean"], None, False, None),
    ("", "the same, noun to adjectives blocked", lambda r: r["recall"]["recall-story"]["blocked"]["mean"], None, True, None),
    ("", "the same, the right one likelier than the other animal's", lambda r: r["recall"]["recall-story"]["chosen"]["mean"], None, True, None),
    ("one word, three senses", "nearest centroid, best layer", best_sense, 0.95, False, lambda r: f"after layer {r['sense']['best_layer']}"),
    ("", "right class of next word", lambda r: r["sense"]["next_word_class"]["mean"], 0.95, False, None),
    ("towers", "Eiffel tower: Paris, iron, tall (the worst)", attribute(LANDMARK), 0.9, False, None),
    ("", "miniature Eiffel tower and others: small, plastic (the worse)", attribute(SMALL), 0.9, False, None),
    ("the mystery's last word", "one-hop clues, four held-out names", lambda r: r["mystery"]["right"]["mean"], 0.95, False, lambda r: r["mystery"]["head"]),
    ("", "two-hop clues (chance .25)", lambda r: r["mystery_two_hops"]["right"]["mean"], None, False, None),
    ("semantic directions", "king - man + woman is queen", lambda r: float(r["gender"]["king_man_woman"] == "queen"), 1.0, False, None),
    ("", "mean cosine of gender differences", lambda r: r["gender"]["mean_cosine"], 0.4, False, None),
    ("", "gender analogies right", lambda r: r["gender"]["analogies"], 0.9, False, None),
    ("heads specialise", "previous-token score", lambda r: r["heads"]["previous_token"]["mean"], 0.8, False, lambda r: r["heads"]["previous_token"]["head"]),
    ("", "induction score", lambda r: r["heads"]["induction"]["mean"], 0.8, False, lambda r: r["heads"]["induction"]["head"]),
    ("", "repeated words predicted", lambda r: r["heads"]["repeated_words"]["mean"], 0.9, False, None),
]


def number(value):
    """A number with three decimals, without the leading zero."""
    return f"{value:.3f}".replace("0.", ".", 1) if value < 1 else f"{value:.3f}"


def met(value, bound, upper):
    """yes, MISSED, or that it is only reported."""
    if bound is None:
        return "reported"
    return "yes" if (value <= bound if upper else value >= bound) else "MISSED"


def table(result, baseline, others):
    """The table of all numbers."""
    lines = [
        "| phenomenon | measure | this model | bound | met | where | sketch | three seeds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for phenomenon, measure, read, bound, upper, where in ROWS:
        value, seeds = read(result), [read(r) for r in [result] + others]
        sign = "" if bound is None else ("<= " if upper else ">= ") + f"{bound:g}"
        cells = [
            phenomenon, measure, number(value), sign, met(value, bound, upper), where(result) if where else "",
            number(read(baseline)) if baseline else "",
            f"{number(min(seeds))} to {number(max(seeds))}" if others else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def curve(path):
    """Loss by phase and step, with bars."""
    with open(path) as file:
        records = [json.loads(line) for line in file]
    lines, shown = [], {}
    for record in records:
        shown.setdefault(record["phase"], []).append(record)
    top = max(record["loss"] for record in records)
    for phase, rows in shown.items():
        stride = max(1, len(rows) // 8)
        for record in [rows[0]] + rows[stride::stride]:
            bar = "#" * round(BAR * record["loss"] / top)
            lines.append(f"{phase:14}{record['step']:6}{record['loss']:8.3f}  {bar}")
    return "\n".join(dict.fromkeys(lines))


def phases(listed):
    """Phases as a table."""
    lines = ["| phase | steps | tokens in one | learning rate | rows | answers weigh | share of documents |", "|---|---|---|---|---|---|---|"]
    for phase in listed:
        mix = ", ".join(f"{kind} {share:g}" for kind, share in phase.mix.items())
        rows = f"{phase.row}" + (" and 256" if phase.long_rows else "")
        lines.append(
            f"| {phase.name} | {phase.steps} | {phase.tokens} | {phase.rate:g} to {phase.last_rate:g} | {rows} | {phase.answer_weight:g} | {mix} |"
        )
    steps, tokens = size(listed)
    return "\n".join(lines) + f"\n\nTogether {steps} steps, {tokens / 1e6:.1f} million tokens."


def size(listed):
    """The steps and the tokens of these phases."""
    return sum(phase.steps for phase in listed), sum(phase.steps * phase.tokens for phase in listed)


def heads(values):
    """A table [L,H] as text."""
    lines = ["        " + "".join(f"    H{h}" for h in range(len(values[0])))]
    lines += [f"    L{k}  " + "".join(f"{v:6.2f}" for v in row) for k, row in enumerate(values)]
    return "\n".join(lines)


def details(result):
    """Numbers that have no bound."""
    a, sense, mystery, h = result["adjectives"], result["sense"], result["mystery"], result["heads"]
    lines = ["### Adjectives", ""]
    lines.append(
        f"Head {a['head']}: {number(a['by_keys']['1'])} on one adjective, {number(a['by_keys']['2'])} on two together; "
        f"{number(a['control'])} on words that are no adjectives in the same places; at least half of its attention on "
        f"the adjectives in {number(a['at_least_half'])} of the examples."
    )
    lines += ["", "Attention from the noun to its adjectives, all heads:", "", heads(a["all_heads_attention"])]
    lines += ["", "Selectivity, all heads:", "", heads(a["all_heads_selectivity"]), "", "The chapter's sentence:", ""]
    for text, row in a["chapter"].items():
        lines.append(f'- "{text}": fluffy {number(row["fluffy"])}, blue {number(row["blue"])}, verdant {number(row["verdant"])}')
    lines += ["", "### Recall", "", "| text | animals | recall | noun to adjectives blocked | then likelier than the others' |", "|---|---|---|---|---|"]
    for form, row in result["recall"].items():
        animals, kind = ("three" if form.startswith("recall3") else "two"), form.split("-")[1]
        lines.append(f"| {kind} | {animals} | {number(row['normal']['mean'])} | {number(row['blocked']['mean'])} | {number(row['chosen']['mean'])} |")
    lines += ["", "### Mole", "", f"{sense['distinct_contexts']} distinct held-out contexts. Nearest centroid after layer:", ""]
    for layer, row in enumerate(sense["nearest_centroid_by_layer"]):
        lines.append(f"- {layer}: {number(row['mean'])}")
    lines += ["", "Nearest sense of the chapter's phrases, after layers 0 to 4:", ""]
    lines += [f'- "{text}": {", ".join(row)}' for text, row in sense["chapter"].items()]
    lines += ["", "### Towers", ""]
    lines += [f"- {key}: {number(value)}" for key, value in result["tower"]["by_answer"].items()]
    lines += ["", "Probability of the next word in the chapter's cases:", ""]
    lines += [f"- {key}: {number(value)}" for key, value in result["tower"]["chapter"].items()]
    lines += ["", "### Mystery", ""]
    for row in (mystery, result["mystery_two_hops"]):
        lines += [f"- {kind}: {number(value)}" for kind, value in row["by_kind"].items()]
    length = mystery["tokens"]
    lines.append(
        f"\nThe stories have {length['least']} to {length['most']} tokens (median {length['median']:g}). At the end, "
        f"{mystery['head']} gives {number(mystery['head_to_murderer'])} to the murderer's name and "
        f"{number(mystery['head_to_other_suspects'])} to the three other suspects together."
    )
    duplicate = h["duplicate_token"]
    lines += ["", "### Heads", "", f"The best duplicate-token head is {duplicate['head']} with {number(duplicate['mean'])}: there is none."]
    if duplicate["mean"] > 0.3:
        lines[-1] = lines[-1].replace(": there is none", "")
    return "\n".join(lines)


def kinds():
    """The kinds of documents and what each teaches."""
    lines = []
    for kind, function in grammar.KINDS.items():
        text = " ".join(function.__doc__.split())
        lines.append(f"- `{kind}`: {text}")
    return "\n".join(lines)


def card(result):
    """The model card: plain text of at most 90 columns."""
    a, heads_, g = result["adjectives"], result["heads"], result["gender"]
    row = a["chapter"]["a fluffy blue creature roamed the verdant forest"]
    recall_ = result["recall"]
    steps, tokens = size(schedule.PHASES)
    n = number
    paragraphs = f"""story: the built-in model

A small GPT-2 that was trained for this program, so that what the chapter tells about attention can be seen in it with real numbers.

Size: {result['parameters']:,} parameters; 4 layers, 6 heads, width 192 (32 for each head), context 256, byte-level BPE of {result['vocabulary']} tokens; F16, {result['bytes'] / 1e6:.1f} MB on disk.

Training: from random weights, on little English texts that a seeded grammar writes, on the CPU; {steps} steps, {tokens / 1e6:.1f} million tokens. Grammar, schedule and measurements: tools/train in the source, and tools/train/REPORT.md there. No text by people and no other model was used.

What it shows, on text that was held out of training ({len(result['seeds']) * result['count']} examples of each kind):

- Adjectives update their noun. Head {a['head']}: nouns give {n(a['attention']['mean'])} of their attention to their adjectives, {n(a['control'])} to other words in the same places. "a fluffy blue creature roamed the verdant forest": creature gives fluffy {n(row['fluffy'])}, blue {n(row['blue'])}; forest gives verdant {n(row['verdant'])}.
- The noun carries it on. Two animals in a list without separators: the one asked for is recalled with {n(recall_['recall-telegraphic']['normal']['mean'])}; with the nouns' attention to the adjectives blocked in all heads, {n(recall_['recall-telegraphic']['blocked']['mean'])}. Lists with commas: {n(recall_['recall-list']['normal']['mean'])} and {n(recall_['recall-list']['blocked']['mean'])}. Stories: {n(recall_['recall-story']['normal']['mean'])} and {n(recall_['recall-story']['blocked']['mean'])}. Blocked, it mostly says that nobody knew; of the two animals' words the right one is then likelier in {n(recall_['recall-telegraphic']['chosen']['mean'])}, {n(recall_['recall-list']['chosen']['mean'])} and {n(recall_['recall-story']['chosen']['mean'])}.
- One word, three senses. "mole" (animal, chemistry, skin): the nearest sense is the right one with {n(best_sense(result))} after layer {result['sense']['best_layer']}, and the next word fits with {n(result['sense']['next_word_class']['mean'])}.
- Eiffel tower: in Paris, of iron, tall. Miniature Eiffel tower: small, of plastic. All such prompts together: {n(result['tower']['right']['mean'])}.
- The mystery's last word. Four suspects, 100 to 250 tokens, clues of one hop (no alibi, something bloody): the murderer with {n(result['mystery']['right']['mean'])}. Head {result['mystery']['head']} looks at the name.
- Directions. king - man + woman is {g['king_man_woman']}; mean cosine of gender differences {n(g['mean_cosine'])}; analogies {n(g['analogies'])}.
- Heads. Previous token {heads_['previous_token']['head']} ({n(heads_['previous_token']['mean'])}), induction {heads_['induction']['head']} ({n(heads_['induction']['mean'])}); repeated random words are predicted with {n(heads_['repeated_words']['mean'])}.

What it can't do:

- It knows only the words and sentences of its grammar: it writes no English beyond that, and knows nothing about the world but a few capitals and towers.
- Clues of two hops (the weapon, then who owned it): {n(result['mystery_two_hops']['right']['mean'])}, where .25 is chance.
- With commas and in stories a part of what is known goes past the noun: "and", commas and compounds pass it on, and the question looks at the adjectives itself.
- A noun without adjectives gives its attention to other words near it, which means nothing.
- Directions other than gender (plurals, capitals) were not aimed at and not measured; no head looks for the same word earlier.
- Texts of more than 256 tokens.
{missed(result)}
License: Apache-2.0."""
    return "\n".join(textwrap.fill(p, 88, subsequent_indent="  " * p.startswith("- ")) for p in paragraphs.split("\n")) + "\n"


def missed(result):
    """A line about the bounds that the model misses."""
    names, phenomenon = [], ""
    for title, measure, read, bound, upper, _ in ROWS:
        phenomenon = title or phenomenon
        if met(read(result), bound, upper) == "MISSED":
            names.append(f"{phenomenon}, {measure}: {number(read(result))} (aim {'at most' if upper else 'at least'} {bound:g})")
    return f"- Missed aims: {'; '.join(names)}.\n" if names else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("log")
    parser.add_argument("--baseline")
    parser.add_argument("--seeds", nargs="*", default=[])
    parser.add_argument("--notes", default=os.path.join(HERE, "NOTES.md"), help="text that goes into the report as it is")
    parser.add_argument("--card", help="file for the model card")
    parser.add_argument("--out", default=os.path.join(HERE, "REPORT.md"))
    options = parser.parse_args()
    load = lambda path: json.load(open(path))
    result = load(options.model)
    baseline = load(options.baseline) if options.baseline else None
    total = sum(len(nouns) * len(words.CATEGORIES[c]) for nouns, cs in words.SORTS.values() for c in cs)
    with open(options.notes) as file:
        notes = file.read().strip()
    text = f"""# How the model "story" was trained, and what it can do

This file is written by report.py from the measurements of evaluate.py. The model has
{result['parameters']:,} parameters (4 layers, 6 heads, width 192, context 256, vocabulary {result['vocabulary']}); its three
files have {result['bytes'] / 1e6:.2f} MB. All numbers were measured on the exported F16 weights, read as F32, with
transformers and eager attention, on {len(result['seeds'])} x {result['count']} examples of `corpus.py heldout` (seeds 0, 1, 2) for each kind.

## Results

{table(result, baseline, [load(path) for path in options.seeds])}

{notes}

## More numbers

{details(result)}

## Schedule

{phases(schedule.PHASES)}

Tried from the weights after "last" and not shipped:

{phases(schedule.FURTHER)}

## Loss

Mean over the last 50 steps; phases read different text and weigh answers differently, so only the
course within a phase means something.

```
{curve(options.log)}
```

## Corpus

{kinds()}

Held out of training: {len(heldout.PAIRS)} of {total} pairs of adjective and noun ({100 * len(heldout.PAIRS) / total:.1f} %), among them fluffy creature,
blue creature and verdant forest: they never stand in one noun phrase, nor in answers; the suspects
{", ".join(heldout.SUSPECTS)}, who take no part in any mystery; the miniature Eiffel tower, London bridge
and Cairo pyramid; the chapter's three contexts of "mole" and one in {heldout.MOLE_SHARE} of all others.
"""
    with open(options.out, "w") as file:
        file.write(text)
    if options.card:
        with open(options.card, "w") as file:
            file.write(card(result))


if __name__ == "__main__":
    main()
