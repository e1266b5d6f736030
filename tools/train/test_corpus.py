"""Tests of the corpus: python -m unittest discover tools/train (standard library only)."""

import itertools
import json
import os
import random
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import corpus  # noqa: E402
import grammar  # noqa: E402
from grammar import heldout, words  # noqa: E402


def documents(count):
    """Training documents of every kind, without marks."""
    rng = random.Random("test")
    for kind in grammar.KINDS:
        for _ in range(count):
            yield kind, words.unmarked(grammar.document(rng, {kind: 1}))


class HeldOut(unittest.TestCase):
    """Nothing that is held out occurs in training."""

    @classmethod
    def setUpClass(cls):
        cls.documents = list(documents(1500))

    def test_pairs_never_stand_together(self):
        bigrams = {f"{adjective} {noun}" for adjective, noun in heldout.PAIRS}
        for kind, text in self.documents:
            found = text.lower().replace(",", "").split()
            for first, second in zip(found, found[1:]):
                self.assertNotIn(f"{first} {second}".rstrip(".?"), bigrams, f"{kind}: {text}")

    def test_pairs_never_share_a_noun_phrase(self):
        for kind, text in self.documents:
            self.assertFalse(heldout.breaks_rules(text), f"{kind}: {text}")

    def test_the_rules_see_the_chapters_pairs(self):
        for text in (
            "a fluffy blue creature roamed the verdant forest.",
            "a fluffy creature.",
            "The very Blue, and angry mountain creature left.",
            "the verdant and very tiny forest",
            "creature blue.",
        ):
            self.assertTrue(heldout.breaks_rules(text), text)
        self.assertFalse(heldout.breaks_rules("the blue dog saw the angry creature in the snowy forest."))

    def test_suspects(self):
        for kind, text in self.documents:
            if "murderer" in text.lower() or kind in ("mystery", "short_mystery"):
                found = set(text.replace(".", " ").replace(",", " ").replace("?", " ").split())
                self.assertFalse(found & set(heldout.SUSPECTS), f"{kind}: {text}")

    def test_small_landmarks(self):
        for _, text in self.documents:
            for modifier, name in heldout.SMALL_LANDMARKS:
                self.assertNotIn(f"{modifier} {name}".lower(), text.lower())

    def test_mole_phrases(self):
        for _, text in self.documents:
            for phrase in heldout.MOLE_PHRASES:
                self.assertNotIn(phrase.lower(), text.lower())

    def test_little_is_held_out(self):
        total = sum(len(nouns) * len(words.CATEGORIES[c]) for nouns, cs in words.SORTS.values() for c in cs)
        self.assertLess(len(heldout.PAIRS) / total, 0.035)


class Unanswered(unittest.TestCase):
    """"nobody knew" is said of nouns whose phrase has no adjective of the kind that is asked for, and only of them."""

    def test_colours(self):
        answered = unanswered = 0
        for kind, text in documents(400):
            if kind not in ("unknown", "asked", "homes"):
                continue
            text = text.lower()
            for noun, said in re.findall(r"what colour was the (\w+)\? (\w+)", text):
                before = text[: re.search(rf"\b{noun}\b", text).start()].replace(",", " ").split()
                inside = itertools.takewhile(heldout.inside_phrase, reversed(before))
                colours = [word for word in inside if word in words.COLOURS]
                self.assertEqual(colours, [] if said == "nobody" else [said], text)
                answered, unanswered = answered + (said != "nobody"), unanswered + (said == "nobody")
        self.assertGreater(min(answered, unanswered), 30)


class Examples(unittest.TestCase):
    """The examples have the shape that the README promises."""

    def test_adjectives(self):
        for item in corpus.heldout_examples("adjectives", 1, 300):
            for part in (item, item["control"]):
                found = part["text"].replace(",", " ").replace(".", " ").lower().split()
                for word in [part["query"]] + part["keys"]:
                    self.assertEqual(found.count(word), 1, part)
                    self.assertEqual(part["text"].count(word), 1, part)
            for key in item["keys"]:
                self.assertTrue(heldout.pair(key, item["query"]), item)
            for key in item["control"]["keys"]:
                self.assertNotIn(key, words.ADJECTIVES)
            shape = [item["text"].split().index(w) for w in item["text"].split() if w.strip(",.") in item["keys"]]
            control = item["control"]
            other = [control["text"].split().index(w) for w in control["text"].split() if w.strip(",.") in control["keys"]]
            self.assertEqual(shape, other)

    def test_sense(self):
        seen = set()
        for item in corpus.heldout_examples("sense", 1, 100):
            self.assertTrue(item["text"].endswith(item["word"]))
            seen.add(item["sense"])
        self.assertEqual(seen, {"animal", "chem", "skin"})

    def test_tower_and_mystery(self):
        for kind in ("tower", "mystery"):
            for item in corpus.heldout_examples(kind, 1, 100):
                self.assertIsInstance(item["text"], str)
                self.assertTrue(item["answers"])

    def test_mystery(self):
        for item in corpus.heldout_examples("mystery", 2, 100):
            self.assertTrue(item["text"].endswith("the murderer was"))
            self.assertEqual(len(set(item["suspects"])), 4)
            self.assertIn(item["answers"][0], item["suspects"])
            self.assertTrue(set(item["suspects"]) <= set(heldout.SUSPECTS))
            self.assertEqual(item["hops"], 1)

    def test_gender(self):
        pairs = [tuple(item["pair"]) for item in corpus.heldout_examples("gender", 3, 18)]
        self.assertEqual(set(pairs), set(grammar.gender.PAIRS))

    def test_all_kinds_draw(self):
        for kind in corpus.ALL_KINDS:
            self.assertEqual(len(list(corpus.heldout_examples(kind, 0, 3))), 3)


class Determinism(unittest.TestCase):
    """The same seed gives the same text, whatever the hash seed of the process."""

    def lines(self, hash_seed, *arguments):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, os.path.join(HERE, "corpus.py"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    def test_train(self):
        arguments = ("train", "--seed", "5", "--count", "200")
        self.assertEqual(self.lines("1", *arguments), self.lines("2", *arguments))
        self.assertNotEqual(self.lines("1", *arguments), self.lines("1", "train", "--seed", "6", "--count", "200"))

    def test_heldout(self):
        for kind in corpus.ALL_KINDS:
            arguments = ("heldout", "--kind", kind, "--seed", "5", "--count", "40")
            text = self.lines("1", *arguments)
            self.assertEqual(text, self.lines("2", *arguments))
            self.assertEqual(len([json.loads(line) for line in text.splitlines()]), 40)


if __name__ == "__main__":
    unittest.main()
