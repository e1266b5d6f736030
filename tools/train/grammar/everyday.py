"""Small talk that the other parts lack: numbers, capitals, gifts and errands, and repeated words."""

from .gender import PAIRS
from .words import (
    ANIMALS, COLOURS, MOODS, NAMES, PLACES, ROLES, ROOMS, TEXTURES, THINGS, WEAPONS, pronouns, with_a,
)

COUNTED = (
    "cat dog bird horse book tree house boy girl king queen apple star flower tower rabbit frog boat lamp chair"
).split()
VERBS = ["sleep", "run", "fall", "wait", "stand", "move"]
NUMBERS = ["two", "three", "four", "five", "many", "some", "both", "several"]


def number(rng):
    """One of a thing, or more."""
    sentences = []
    for _ in range(rng.choice([1, 2, 3])):
        thing, verb, many = rng.choice(COUNTED), rng.choice(VERBS), rng.choice(NUMBERS)
        single = [
            f"one {thing} {verb}s.", f"the {thing} is here and it {verb}s.", f"here is one {thing}.",
            f"this {thing} was old.", f"I see one {thing}, you see {many} {thing}s.",
            f"there is a single {thing} and it {verb}s.", f"each {thing} {verb}s alone.",
        ]
        several = [
            f"{many} {thing}s {verb}.", f"the {thing}s are here and they {verb}.", f"here are {many} {thing}s.",
            f"these {thing}s were old.", f"I see one {thing}, you see {many} {thing}s.",
            f"there are {many} {thing}s and they {verb}.", f"all {thing}s {verb} together.",
        ]
        sentences.append(rng.choice(rng.choice([single, several])))
    return sentences


# Country, capital, language.
COUNTRIES = [
    ("France", "Paris", "French"), ("Italy", "Rome", "Italian"), ("Germany", "Berlin", "German"),
    ("Spain", "Madrid", "Spanish"), ("Japan", "Tokyo", "Japanese"), ("Russia", "Moscow", "Russian"),
    ("England", "London", "English"), ("Greece", "Athens", "Greek"), ("Egypt", "Cairo", "Arabic"),
    ("China", "Beijing", "Chinese"), ("Poland", "Warsaw", "Polish"), ("Sweden", "Stockholm", "Swedish"),
    ("Austria", "Vienna", "German"), ("Portugal", "Lisbon", "Portuguese"),
]


def capitals(rng):
    """Countries, their capitals and languages."""
    sentences = []
    for _ in range(rng.choice([1, 2])):
        country, city, language = rng.choice(COUNTRIES)
        country2, city2, _ = rng.choice(COUNTRIES)
        texts = [
            f"{city} is the capital of {country}.", f"the capital of {country} is {city}.",
            f"in {country} people speak {language}.", f"in {city} people speak {language}.",
            f"the city of {city} is in {country}.", f"{country} is a country and {city} is its city.",
            f"she flew to {city} in {country}.", f"the people of {country} live near {city}.",
            f"{city} is a city in {country}, and {city2} is a city in {country2}.",
            f"the country {country} has the capital {city}.",
            f"the train goes from {city} in {country} to {city2} in {country2}.",
        ]
        sentences.append(rng.choice(texts))
    return sentences


def errands(rng):
    """Gifts, losses and greetings."""
    name, name2 = rng.sample(NAMES, 2)
    he, his, him = pronouns(name)
    thing, thing2 = rng.sample(THINGS, 2)
    place, animal = rng.choice(PLACES), rng.choice(ANIMALS)
    texts = [
        f"{name} gave {name2} a {thing}, and {name2} thanked {name}.",
        f"when {name} and {name2} went to the {place}, {name} gave a {thing} to {name2}.",
        f"when {name2} and {name} went to the {place}, {name} gave a {thing} to {name2}.",
        f"{name} put the {thing} in the {place} and the {thing2} near the {animal}. where was the {thing}? in the {place}.",
        f"{name} lost {his} {thing}. {he} looked in the {place} and found {his} {thing}.",
        f"{name} had a {thing} and {name2} had a {thing2}. who had the {thing}? {name}.",
        f"{name} had a {thing} and {name2} had a {thing2}. who had the {thing2}? {name2}.",
        f"one day {name} saw {with_a(animal)} in the {place}. the {animal} looked at {him} and ran away.",
        f"{name} said hello to {name2}. {name2} said hello to {name}.",
    ]
    return rng.sample(texts, rng.choice([1, 1, 2]))


REPEATED = sorted(
    {*ANIMALS, *PLACES, *THINGS, *NAMES, *ROLES, *WEAPONS, *ROOMS, *COLOURS, *TEXTURES, *MOODS}
    | {word for pair in PAIRS for word in pair}
    | {form for word in COUNTED for form in (word, word + "s")}
)


def repeats(rng):
    """Random words, said twice or more."""
    count = rng.choice([rng.randint(3, 8), rng.randint(5, 40)])
    words = [rng.choice(REPEATED) for _ in range(count)]
    return [" ".join(words * 2 + (words[: count // 2] if rng.random() < 0.5 else []))]


def short_repeats(rng):
    """Two to 24 random words, said twice or more: the first thing to learn is to look back."""
    count = rng.choices([2, rng.randint(3, 5), rng.randint(6, 24)], [0.3, 0.3, 0.4])[0]
    words = [rng.choice(REPEATED) for _ in range(count)]
    return [" ".join((words * 5)[: max(2 * count, 40)])]
