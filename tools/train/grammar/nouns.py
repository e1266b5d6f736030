"""Noun phrases: nouns with adjectives, and questions about them. An entity is (noun, [(category,
adjective), ...]) with the adjectives in the order of the text."""

from . import heldout
from .words import ADJECTIVE_ORDER, CATEGORIES, COMPOUNDS, LONG_ADVERBS, SORTS, answer


def entities(rng, count, held=False, at_least=0):
    """Nouns of one sort with zero to three adjectives each; one category is shared by all that have any,
    so that they compete, and no adjective is used twice. Returns the sort and the entities."""
    sort = rng.choices(["animal", "place", "thing"], [0.5, 0.37, 0.13])[0]
    nouns, categories = SORTS[sort]
    shared, used, made = rng.choice(categories), set(), []
    for noun in rng.sample(nouns, count):
        size = max(at_least, rng.choices([0, 1, 2, 3], [0.1, 0.3, 0.42, 0.18])[0])
        others = [category for category in categories if category != shared]
        rng.shuffle(others)
        chosen = ([shared] + others)[:size]
        rng.shuffle(chosen)
        adjectives = []
        for category in chosen:
            pool = [a for a in heldout.adjectives_for(category, noun, held) if a not in used]
            if pool:
                adjectives.append((category, rng.choice(pool)))
                used.add(adjectives[-1][1])
        made.append((noun, adjectives))
    return sort, made


def phrase(rng, noun, adjectives, varied=True):
    """The noun phrase without determiner; varied: adverbs, commas, "and", and sometimes a compound noun
    between the adjectives and the noun."""
    if not adjectives:
        return (rng.choice(COMPOUNDS) + " " if rng.random() < 0.25 else "") + noun
    adverbs = rng.choice([0, 0.2, 0.6]) if varied else 0.1
    joints = [" ", " ", ", ", " and ", " but ", ", and "] if varied else [" ", " ", ", ", " and "]
    text = ""
    for place, (_, adjective) in enumerate(adjectives):
        if place:
            text += rng.choice(joints)
        if rng.random() < adverbs:
            text += rng.choice(LONG_ADVERBS) + " "
        text += adjective
    if varied and rng.random() < 0.25:
        text += " " + rng.choice([word for word in COMPOUNDS if word != noun])
    return text + " " + noun


def in_order(adjectives):
    """The adjectives as words, in the fixed order in which answers name them."""
    return [a for _, a in sorted(adjectives, key=lambda pair: ADJECTIVE_ORDER.index(pair[0]))]


def attribute_question(rng, noun, category, adjective):
    """A sentence about one attribute of a noun, ending in its marked answer."""
    value = CATEGORIES[category][adjective]
    return rng.choice(
        {
            "colour": [
                f"the colour of the {noun} was {answer(adjective)}.",
                f"what colour was the {noun}? {answer(adjective)}.",
                f"what colour was the {noun}? {answer(adjective)}.",
                f"the {noun} had the colour of the {answer(value)}.",
            ],
            "texture": [
                f"the {noun} felt {answer(value)}.",
                f"how did the {noun} feel? {answer(value)}.",
                f"the skin of the {noun} was {answer(adjective)}.",
            ],
            "size": [
                f"the size of the {noun} was {answer(value)}.",
                f"how big was the {noun}? {answer(value)}.",
            ],
            "mood": [
                f"so the {noun} {answer(value)}.",
                f"what did the {noun} do? it {answer(value)}.",
                f"the mood of the {noun} was {answer(adjective)}.",
            ],
            "place": [
                f"the {noun} was full of {answer(value)}.",
                f"what was in the {noun}? {answer(value)}.",
            ],
            "material": [
                f"the {noun} was made of {answer(value)}.",
                f"what was the {noun} made of? {answer(value)}.",
            ],
        }[category]
    )


def direct_question(rng, noun, adjectives):
    """A question whose answer stands right after the key ("the dog fluffy blue."), most of the time."""
    draw = rng.random()
    if draw < 0.5:
        return f"the {noun} {answer(' '.join(in_order(adjectives)))}."
    if draw < 0.72:
        return f"{rng.choice(adjectives)[1]} {answer(noun)}."
    if draw < 0.8:
        return f"the {noun} was {answer(' and '.join(in_order(adjectives)))}."
    return attribute_question(rng, noun, *rng.choice(adjectives))


def full_question(rng, noun, adjectives):
    """A whole sentence: about an attribute, or from the adjective to its noun."""
    category, adjective = rng.choice(adjectives)
    if rng.random() < 0.35:
        return rng.choice(
            [
                f"the {adjective} one was the {answer(noun)}.",
                f"what was {adjective}? the {answer(noun)}.",
                f"then the {adjective} {answer(noun)} went home.",
            ]
        )
    return attribute_question(rng, noun, category, adjective)
