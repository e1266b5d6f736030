"""Towers and other buildings: a plain one, a landmark, and a small copy of a landmark."""

from . import heldout

# Landmark: city, country, material.
LANDMARKS = {
    "Eiffel tower": ("Paris", "France", "iron"),
    "Tokyo tower": ("Tokyo", "Japan", "steel"),
    "Pisa tower": ("Pisa", "Italy", "marble"),
    "Liberty statue": ("New York", "America", "copper"),
    "Brooklyn bridge": ("New York", "America", "steel"),
    "London bridge": ("London", "England", "stone"),
    "Berlin wall": ("Berlin", "Germany", "concrete"),
    "Moscow palace": ("Moscow", "Russia", "brick"),
    "Cairo pyramid": ("Cairo", "Egypt", "stone"),
    "Madrid castle": ("Madrid", "Spain", "stone"),
    "Athens temple": ("Athens", "Greece", "marble"),
}
PLAIN = ["tower", "castle", "bridge", "statue", "palace", "temple", "church", "house", "train", "ship"]
SMALL = ["miniature", "toy", "tiny", "little", "pocket"]
BIG = ["great", "famous", "huge", "enormous", "giant"]


def building(rng):
    """A building that training may show: (modifier or "", name)."""
    while True:
        draw = rng.random()
        if draw < 0.4:
            modifier, name = rng.choice(["", "", "", rng.choice(BIG)]), rng.choice(list(LANDMARKS))
        elif draw < 0.72:
            modifier, name = rng.choice(SMALL), rng.choice(list(LANDMARKS))
        elif draw < 0.86:
            modifier, name = rng.choice(["", "", rng.choice(BIG)]), rng.choice(PLAIN)
        else:
            modifier, name = rng.choice(SMALL + ["miniature"]), rng.choice(PLAIN)
        if modifier == "" and rng.random() < 0.3:
            name = "Eiffel tower"
        if (modifier, name) not in heldout.SMALL_LANDMARKS:
            return modifier, name


def facts(modifier, name):
    """Sentences that name the building, and sentences that go on with "it"."""
    text = f"{modifier} {name}".strip()
    if modifier in SMALL:
        named = [
            f"the {text} is very small.", f"the {text} is on the shelf.", f"the {text} is made of plastic.",
            f"you can hold the {text} in your hand.", f"the {text} is a toy.",
            f"how tall is the {text}? very small.",
        ]
        if name in LANDMARKS:
            named.append(f"the {text} looks like the one in {LANDMARKS[name][0]}.")
        return named, [
            "it is very small.", "it is on the shelf.", "it is made of plastic.",
            "you can hold it in your hand.", "children play with it.",
        ]
    named = [
        f"the {text} is very tall.", f"many people visit the {text}.", f"the {text} is a building.",
        f"how tall is the {text}? very tall.",
    ]
    more = ["it is very tall.", "people climb to the top.", "you can see the whole city from it."]
    if name not in LANDMARKS:
        named += [f"the {text} is in the town.", f"the {text} is made of stone.", f"where is the {text}? in the town."]
        return named, more + ["it is in the town.", "it is made of stone."]
    city, country, material = LANDMARKS[name]
    named += [
        f"the {text} is in {city}.", f"the {text} is in {city}, {country}.",
        f"the {text} is made of {material}.", f"where is the {text}? in {city}.",
    ]
    return named, more + [f"it is in {city}.", f"it is made of {material}.", f"the country is {country}."]


def about(rng, modifier, name):
    """One or two sentences that name a building, one or two that say "it"."""
    named, more = facts(modifier, name)
    sentences = [rng.choice(named)]
    if rng.random() < 0.5:
        sentences.append(rng.choice(named))
    return sentences + rng.sample(more, rng.choice([1, 2]))


def tower(rng):
    """Sentences about one building; in some documents about two."""
    sentences = about(rng, *building(rng))
    if rng.random() < 0.2:
        sentences += about(rng, *building(rng))
    return sentences


def two_towers(rng):
    """A building and a small copy of it, in either order."""
    while True:
        modifier, name = building(rng)
        other = "" if modifier in SMALL else rng.choice(SMALL)
        if (other, name) not in heldout.SMALL_LANDMARKS:
            break
    parts = [[rng.choice(facts(m, name)[0]) for _ in range(rng.choice([1, 2]))] for m in (modifier, other)]
    rng.shuffle(parts)
    return parts[0] + parts[1]
