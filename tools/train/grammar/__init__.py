"""A seeded grammar of little English texts from which the built-in model "story" learns."""

import re

from . import adjectives, everyday, gender, heldout, mole, mystery, recall, tower, words

KINDS = {
    "short_repeats": everyday.short_repeats,
    "repeats": everyday.repeats,
    "pairs": recall.pairs,
    "binding": recall.binding,
    "scenes": recall.scenes,
    "telegraphic": adjectives.telegraphic,
    "crowded": adjectives.crowded,
    "far": adjectives.far,
    "far_lists": adjectives.far_lists,
    "unknown": adjectives.unknown,
    "asked": adjectives.asked,
    "homes": adjectives.homes,
    "echo": adjectives.echo,
    "lists": adjectives.lists,
    "stories": adjectives.stories,
    "clues": mystery.clues,
    "witnesses": mystery.witnesses,
    "testimony": mystery.testimony,
    "short_mystery": mystery.short_mystery,
    "mystery": mystery.mystery,
    "mole": mole.mole,
    "grams": mole.grams,
    "homographs": mole.homographs,
    "tower": tower.tower,
    "two_towers": tower.two_towers,
    "gender": gender.gender,
    "number": everyday.number,
    "capitals": everyday.capitals,
    "errands": everyday.errands,
}
NEVER_CAPITALIZED = ("short_repeats", "repeats", "clues", "witnesses", "pairs")
BARE = ("mole", "tower", "scenes", "stories")  # some of these begin without their determiner
CAPITALIZED_SHARE = 0.3
# Kinds of the late phases alone; they have no words that the tokenizer does not get from the others.
LATE = ("crowded", "far", "far_lists", "unknown", "asked", "homes", "two_towers", "witnesses", "testimony", "grams")


def document(rng, mix):
    """One training document, with marked answers, of a kind drawn by its share in mix."""
    kind = rng.choices(list(mix), list(mix.values()))[0]
    while True:
        sentences = KINDS[kind](rng)
        if kind in BARE and rng.random() < 0.2:
            sentences[0] = re.sub("^(the|an?) ", "", sentences[0])
        text = " ".join(sentences)
        if kind not in NEVER_CAPITALIZED and rng.random() < CAPITALIZED_SHARE:
            text = words.capitalized(text)
        if not heldout.breaks_rules(words.unmarked(text)):
            return text


def tokenizer_documents(rng, count):
    """Documents of all kinds alike, without marks, for the tokenizer."""
    mix = {kind: 1 for kind in KINDS if kind not in LATE}
    for _ in range(count):
        yield words.unmarked(document(rng, mix))


def lexicon():
    """The words that must be one token each (with the space before them)."""
    tables = [value.split() for table in words.CATEGORIES.values() for value in table.values()]
    found = {word for value in tables for word in value} | words.ADJECTIVES | set(words.COMPOUNDS)
    for group in (words.ANIMALS, words.PLACES, words.THINGS, words.NAMES, words.ROLES, words.WEAPONS, words.ROOMS):
        found.update(group)
    found.update(word for pair in gender.PAIRS for word in pair)
    found.update(word for name in tower.LANDMARKS for word in name.split())
    found.update(tower.PLAIN + tower.SMALL + tower.BIG)
    found.update(word for facts in tower.LANDMARKS.values() for fact in facts for word in fact.split())
    found.update(word for following in mole.NEXT_WORDS.values() for word in following)
    found.update("mole shrew biopsy American carbon dioxide roamed therefore murderer was tall small plastic".split())
    return sorted(found)
