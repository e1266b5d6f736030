"""Key and value: short lists in which the answer stands right after the key, then questions."""

from . import heldout
from .everyday import REPEATED
from .nouns import phrase
from .words import (
    ANIMALS, CATEGORIES, MOVES, NAMES, PLACES, ROLES, SORTS, TEXTURES, THINGS, WEAPONS, with_a, with_determiner,
)

ANIMAL_CATEGORIES = SORTS["animal"][1]
HAVE = ["had", "carried", "held", "owned", "kept"]


def rival_adjectives(rng, category, nouns):
    """A different adjective of one category for each noun."""
    pairs, used = [], set()
    for noun in nouns:
        pool = [a for a in heldout.adjectives_for(category, noun) if a not in used]
        if pool:
            pairs.append((rng.choice(pool), noun))
            used.add(pairs[-1][0])
    return pairs


def second_adjective(rng, category, noun):
    """An adjective of another category."""
    other = rng.choice([c for c in ANIMAL_CATEGORIES if c != category])
    return rng.choice(heldout.adjectives_for(other, noun))


def join_two(rng, first, second):
    """Two adjectives in either order."""
    return rng.choice([f"{first} {second}", f"{second} {first}", f"{first}, {second}", f"{second} and {first}"])


def pairs(rng):
    """Curriculum: "value key, value key. key value."."""
    kind = rng.choice(["words", "animals", "roles", "two", "have", "have", "have"])
    count = rng.choice([2, 3, 4, 5, 6])
    if kind == "have":
        return having_pairs(rng, min(count, 4))
    if kind == "two":
        return two_adjective_pairs(rng, count)
    article, middle = False, " "
    if kind == "words":
        words = rng.sample(REPEATED, 2 * count)
        listed = list(zip(words[:count], words[count:]))
    elif kind == "roles":
        middle = " the "
        listed = list(zip(rng.sample(NAMES, count), rng.sample(ROLES, count)))
    else:
        article = rng.random() < 0.6
        listed = rival_adjectives(rng, rng.choice(["colour"] + ANIMAL_CATEGORIES), rng.sample(ANIMALS, count))
    start = "the " if article else ""
    keys = "the " if article or kind == "roles" else ""
    said = [f"{start}{value}{middle}{key}" for value, key in listed]
    asked = [f"{keys}{key} {value}" for value, key in listed]
    asked = [rng.choice(asked) for _ in range(rng.choice([1, 2, 3]))]
    return [", ".join(said) + ".", ", ".join(asked) + "."]


def having_pairs(rng, count):
    """Names and things, some words apart."""
    verb, form = rng.choice(HAVE), rng.randrange(3)
    names, roles, things = rng.sample(NAMES, count), rng.sample(ROLES, count), rng.sample(THINGS + WEAPONS, count)
    said, asked = [], []
    for name, role, thing in zip(names, roles, things):
        who = [name, f"{name} the {role}", f"{name}, the {role},"][form]
        said.append(f"{who} {verb} a {thing}")
        asked += [f"the {thing} {name}", f"who {verb} the {thing}? {name}"] + ([f"the {role} {name}"] if form else [])
    return [". ".join(said) + ".", ". ".join(rng.sample(asked, 2)) + "."]


def two_adjective_pairs(rng, count):
    """Animals with two adjectives; one of a shared category is asked for."""
    category = rng.choice(["colour"] + ANIMAL_CATEGORIES)
    said, asked = [], []
    for adjective, noun in rival_adjectives(rng, category, rng.sample(ANIMALS, count)):
        both = [adjective, second_adjective(rng, category, noun)]
        rng.shuffle(both)
        said.append(f"the {' '.join(both)} {noun}")
        asked += [f"the {noun} {adjective}"] * 2
        asked.append(f"what colour was the {noun}? {adjective}" if category == "colour" else f"the {noun}? {adjective}")
    return [", ".join(said) + ".", ". ".join(rng.choice(asked) for _ in range(2)) + "."]


def binding(rng):
    """Several items in one list, most of which are asked for."""
    count = rng.choice([2, 3, 4, 5])
    kind = rng.choice("animals animals animals things things roles places places words words".split())
    if kind == "words":
        words = rng.sample(REPEATED, 2 * count)
        said = [f"{value} {key}" for value, key in zip(words[:count], words[count:])]
        asked = [f"{key}? {value}." for value, key in zip(words[:count], words[count:])]
        rng.shuffle(asked)
        return [", ".join(said) + "."] + asked[: max(1, count - 2)]
    full = rng.random() < 0.6
    said, asked = bound_animals(rng, count, full) if kind == "animals" else bound_names(rng, count, kind, full)
    rng.shuffle(asked)
    return [rng.choice([", ", ". "]).join(said) + "."] + asked[: max(1, len(said) - 2)]


def bound_animals(rng, count, full):
    """Animals with one or two adjectives, and a question about each."""
    category, form = rng.choice(["colour"] + ANIMAL_CATEGORIES), rng.randrange(3)
    said, asked = [], []
    for adjective, noun in rival_adjectives(rng, category, rng.sample(ANIMALS, count)):
        text = adjective
        if rng.random() < 0.35:
            text = join_two(rng, adjective, second_adjective(rng, category, noun))
        said.append([f"{with_a(text)} {noun}", f"the {text} {noun}", f"there was {with_a(text)} {noun}"][form])
        questions = [f"the {noun} was {adjective}."]
        if category == "colour":
            questions += [f"the colour of the {noun} was {adjective}.", f"what colour was the {noun}? {adjective}."]
        if category == "texture":
            questions.append(f"how did the {noun} feel? {TEXTURES[adjective]}.")
        asked.append(rng.choice(questions) if full else f"the {noun}? {adjective}.")
    return said, asked


def bound_names(rng, count, kind, full):
    """Names with things, roles or places, and a question about each."""
    verb, form = rng.choice(HAVE + ["found"]), rng.randrange(3)
    values = rng.sample({"things": THINGS + WEAPONS, "roles": ROLES, "places": PLACES}[kind], count)
    said, asked = [], []
    for name, value in zip(rng.sample(NAMES, count), values):
        if kind == "things":
            said.append(f"{name} {verb} a {value}")
            long = [f"who {verb} the {value}? {name}.", f"what did {name} have? a {value}."]
        elif kind == "roles":
            said.append([f"{name} was the {value}", f"{name} the {value}", f"the {value} was {name}"][form])
            long = [f"who was the {value}? {name}.", f"the {value} was {name}.", f"what was {name}? the {value}."]
        else:
            said.append(f"{name} went to the {value}")
            long = [f"who went to the {value}? {name}."]
        asked.append(rng.choice(long) if full else f"the {value}? {name}.")
    return said, asked


def scenes(rng):
    """Sentences with animals, places and things, and what follows from their adjectives."""
    sentences, known = [], []

    def some(sort):
        nouns, categories = SORTS[sort]
        noun = rng.choice([noun for noun in nouns if noun not in [entity[0] for entity in known]])
        count = rng.choices([0, 1, 2, 3], [0.12, 0.36, 0.4, 0.12])[0]
        chosen = rng.sample(categories, min(count, len(categories)))
        adjectives = [(c, rng.choice(heldout.adjectives_for(c, noun))) for c in chosen]
        known.append((noun, adjectives))
        return with_determiner(rng, phrase(rng, noun, adjectives, False))

    for _ in range(rng.choices([1, 2, 3], [0.35, 0.45, 0.2])[0]):
        form = rng.choices(range(6), [0.5, 0.12, 0.12, 0.1, 0.08, 0.08])[0]
        if form == 0:
            sentences.append(f"{some('animal')} {rng.choice(MOVES)} {some('place')}.")
        elif form == 1:
            sentences.append(f"{some('animal')} lived in {some('place')}.")
        elif form == 2:
            sentences.append(f"{some('animal')} found {some('thing')} in {some('place')}.")
        elif form == 3:
            sentences.append(f"there was {some('animal')} near {some('place')}.")
        elif form == 4:
            sentences.append(f"{some('animal')} chased {some('animal')}.")
        else:
            sentences.append(f"{some('animal')} had {some('thing')}.")
    facts = [(noun, category, adjective) for noun, pairs_ in known for category, adjective in pairs_]
    rng.shuffle(facts)
    return sentences + [consequence(rng, *fact) for fact in facts[: rng.choice([2, 3, 4])]]


def consequence(rng, noun, category, adjective):
    """A sentence that follows from an adjective."""
    value = CATEGORIES[category][adjective]
    more = {
        "colour": [f"the {noun} was {adjective} like the {value}.", f"what colour was the {noun}? {adjective}."],
        "texture": [f"when you touched the {noun} it was {value}.", f"the {noun} felt {value}."],
        "size": [f"the {noun} was very {value}.", f"how big was the {noun}? {value}."],
        "mood": [f"so the {noun} {value}.", f"what did the {noun} do? it {value}."],
        "place": [f"the {noun} was a {adjective} place.", f"the {noun} was full of {value}."],
        "material": [f"the {noun} was made of {value}.", f"what was the {noun} made of? {value}."],
    }
    return rng.choice(more[category])
