#!/usr/bin/env python3
"""The corpus of the built-in model "story". Needs only Python's standard library.

    corpus.py train   --seed S --count N            training documents, one per line
    corpus.py heldout --kind K --seed S --count N   held-out examples, one JSON object per line

The same arguments print the same lines on every machine. The README next to this file says what each
kind of example holds."""

import argparse
import json
import random
import sys

import grammar
from grammar import examples

ALL_KINDS = {**examples.KINDS, **examples.EXTRA}


def training_documents(seed, count, kind=None):
    """Documents as the last phase of training mixes them, or of one kind."""
    from schedule import PHASES

    rng = random.Random(f"corpus/{seed}")
    mix = {kind: 1} if kind else PHASES[-1].mix
    for _ in range(count):
        yield grammar.words.unmarked(grammar.document(rng, mix))


def heldout_examples(kind, seed, count):
    """Held-out examples of one kind; the pairs of "gender" come in order, each once, then again."""
    rng = random.Random(f"heldout/{kind}/{seed}")
    if kind == "gender":
        pairs = list(grammar.gender.PAIRS)
        rng.shuffle(pairs)
        for k in range(count):
            yield {"pair": list(pairs[k % len(pairs)])}
        return
    for _ in range(count):
        yield ALL_KINDS[kind](rng)


def parser():
    """The command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="print training documents")
    train.add_argument("--kind", choices=list(grammar.KINDS), help="only documents of this kind")
    heldout = commands.add_parser("heldout", help="print held-out examples")
    heldout.add_argument("--kind", choices=list(ALL_KINDS), required=True)
    heldout.add_argument("--hops", type=int, choices=[1, 2], default=1, help="of the clues of a mystery")
    for command in (train, heldout):
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--count", type=int, default=10)
    return top


def main():
    options = parser().parse_args()
    try:
        if options.command == "train":
            for document in training_documents(options.seed, options.count, options.kind):
                print(document)
            return
        kind = options.kind
        if kind == "mystery" and options.hops == 2:
            kind = "mystery2"
        for example in heldout_examples(kind, options.seed, options.count):
            print(json.dumps(example))
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main()
