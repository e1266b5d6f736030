"""Held-out examples for checks: one function for each kind, each drawing one example as a dictionary."""

from . import gender as gender_pairs
from . import heldout, mole, tower as towers
from .mystery import CONCLUSION, ONE_HOP, TWO_HOPS, Mystery
from .nouns import phrase
from .words import (
    ADVERBS, ANIMALS, CATEGORIES, COMPOUNDS, MOVES, NAMES, PLACES, SORTS, capitalized, with_determiner,
)

# Categories of which two held-out adjectives go together on the same held-out nouns.
TOGETHER = [("colour", "texture"), ("mood", "size"), ("place",), ("material",)]
TOGETHER_SHARES = [4, 4, 2, 1]
SHORTEST_MYSTERY, LONGEST_MYSTERY = 102, 215  # words and punctuation marks, for 100 to 250 tokens


def adjectives(rng):
    """A sentence with a held-out noun and adjectives held out with it, and the same sentence with nouns
    in the places of the adjectives."""
    categories = list(rng.choices(TOGETHER, TOGETHER_SHARES)[0])
    noun = rng.choice(heldout.BLOCKS[categories[0]][0])
    if len(categories) == 2:
        rng.shuffle(categories)
        categories = categories[: rng.choice([1, 2, 2])]
    keys = [rng.choice(heldout.BLOCKS[category][1]) for category in categories]
    joint = rng.choice([" ", " ", " ", ", ", " and "])
    adverbs = [rng.choice(ADVERBS) + " " if rng.random() < 0.12 else "" for _ in keys]
    others = rng.sample([word for word in COMPOUNDS if word != noun], len(keys))
    before, after = surroundings(rng, noun, keys + others)
    article = rng.choice(["the", "the", "a"])
    capital = rng.random() < 0.3

    def text(words):
        listed = joint.join(adverb + word for adverb, word in zip(adverbs, words))
        made = f"{before}{article} {listed} {noun}{after}"
        return capitalized(made) if capital else made

    return {
        "text": text(keys),
        "query": noun,
        "keys": keys,
        "control": {"text": text(others), "query": noun, "keys": others},
    }


def surroundings(rng, noun, used):
    """What stands before and after a noun phrase: another animal with its adjectives, or nothing."""
    place = rng.choice([p for p in PLACES if p != noun and p not in used])
    after = f" {rng.choice(MOVES)} the {place}."
    if noun in PLACES:
        after = f" was near the {place}."
    if noun in SORTS["thing"][0]:
        after = f" was in the {place}."
    if noun in PLACES and rng.random() < 0.7:
        animal = rng.choice(ANIMALS)
        adjective = rng.choice(heldout.adjectives_for(rng.choice(["colour", "mood"]), animal))
        return f"the {adjective} {animal} {rng.choice(MOVES)} ", "."
    if rng.random() < 0.5:
        return "", after
    other = rng.choice([a for a in ANIMALS if a != noun])
    category = rng.choice(SORTS["animal"][1])
    adjective = rng.choice([a for a in heldout.adjectives_for(category, other) if a not in used])
    place = rng.choice([p for p in PLACES if p != noun and p not in used and p not in after])
    return f"the {adjective} {other} {rng.choice(MOVES)} the {place}. ", after


def sense(rng):
    """The text up to and with "mole", in a held-out context."""
    name = rng.choice(list(mole.SENSES))
    left, _ = mole.context(rng, name, held=True)
    return {"text": left, "word": "mole", "sense": name, "next": mole.NEXT_WORDS[name]}


def tower(rng):
    """A prompt about the small copy of a landmark that is never small in training, or, after a sentence
    about that small copy, about the landmark itself, or the other way round."""
    modifier, name = rng.choice(sorted(heldout.SMALL_LANDMARKS))
    small = rng.random() < 0.6
    text = f"the {modifier} {name}" if small else f"the {name}"
    city, _, material = towers.LANDMARKS[name]
    if small:
        asked = [
            (f"{text} is very", "small"), (f"how tall is {text}? very", "small"),
            (f"{text} is made of", "plastic"), (f"{text} is on the", "shelf"),
        ]
    else:
        asked = [
            (f"{text} is very", "tall"), (f"how tall is {text}? very", "tall"),
            (f"{text} is made of", material), (f"{text} is in", city.split()[0]),
            (f"where is {text}? in", city.split()[0]),
        ]
    prompt, answer = rng.choice(asked)
    if rng.random() < 0.5:
        other = f"the {name}" if small else f"the {modifier} {name}"
        prompt = rng.choice([f"{other} is a {'building' if small else 'toy'}. ", f"{other} is very {'tall' if small else 'small'}. "]) + prompt
    return {"text": capitalized(prompt) if rng.random() < 0.3 else prompt, "answers": [answer]}


def mystery(rng, kinds=ONE_HOP):
    """A story of 100 to 250 tokens with four suspects who are never suspects in training."""
    while True:
        kind = rng.choice(kinds)
        story = Mystery(rng, kind, False, heldout.SUSPECTS, 4)
        text = " ".join(story.told() + [story.conclusion().strip()])
        if SHORTEST_MYSTERY <= len(text.replace(".", " .").replace(",", " ,").split()) <= LONGEST_MYSTERY:
            text = capitalized(text) if rng.random() < 0.3 else text
            return {
                "text": text,
                "answers": [story.murderer],
                "suspects": story.suspects,
                "kind": kind,
                "hops": 1 if kind in ONE_HOP else 2,
            }


def two_hop_mystery(rng):
    """The same with clues of two hops."""
    return mystery(rng, TWO_HOPS)


def recall(rng, form, animals=2):
    """Animals with a held-out adjective and another one each, then a question about one of them. form:
    "telegraphic", "list" or "story"."""
    while True:
        category = rng.choice(["colour", "colour", "texture", "mood", "size"])
        nouns, held = heldout.BLOCKS[category]
        nouns, asked = rng.sample(nouns, animals), rng.sample(held, animals)
        values = [CATEGORIES[category][adjective] for adjective in asked]
        if len(set(values)) > 1:
            break
    texts = []
    for noun, adjective in zip(nouns, asked):
        other = rng.choice([c for c in SORTS["animal"][1] if c != category])
        both = [(category, adjective), (other, rng.choice(heldout.adjectives_for(other, noun)))]
        rng.shuffle(both)
        if form == "telegraphic":
            texts.append(" ".join([a for _, a in both] + [noun]))
        else:
            texts.append(phrase(rng, noun, both, form == "list"))
    if form == "telegraphic":
        story = " ".join(texts) + "."
    elif form == "list":
        story = ", ".join("the " + text for text in texts) + "."
    else:
        places = rng.sample(PLACES, animals)
        told = [f"{with_determiner(rng, t)} {rng.choice(MOVES)} the {p}." for t, p in zip(texts, places)]
        story = " ".join(told)
    chosen = rng.randrange(animals)
    noun, adjective, value = nouns[chosen], asked[chosen], values[chosen]
    question, right = {
        "colour": (f"what colour was the {noun}?", adjective),
        "texture": (f"how did the {noun} feel?", value),
        "size": (f"how big was the {noun}?", value),
        "mood": (f"so the {noun}", value),
    }[category]
    words = asked if category == "colour" else values
    rivals = sorted({word for word in words if word != right})
    return {"text": f"{story} {question}", "story": story, "nouns": nouns, "answers": [right], "rivals": rivals}


def gender(rng):
    """A pair of words that differ in gender."""
    return {"pair": list(rng.choice(gender_pairs.PAIRS))}


def repeat(rng):
    """Words to say again; any words will do, these are names that do not follow each other in training."""
    return {"words": rng.sample(NAMES + ANIMALS, 20)}


KINDS = {"adjectives": adjectives, "sense": sense, "tower": tower, "mystery": mystery, "gender": gender}
EXTRA = {
    "mystery2": two_hop_mystery,
    "recall-telegraphic": lambda rng: recall(rng, "telegraphic"),
    "recall-list": lambda rng: recall(rng, "list"),
    "recall-story": lambda rng: recall(rng, "story"),
    "recall3-telegraphic": lambda rng: recall(rng, "telegraphic", 3),
    "recall3-list": lambda rng: recall(rng, "list", 3),
    "recall3-story": lambda rng: recall(rng, "story", 3),
}
