"""Pairs such as king and queen in the same contexts, told apart by pronouns and names alone."""

from .words import MEN, WOMEN, with_a

PAIRS = [
    ("king", "queen"), ("man", "woman"), ("boy", "girl"), ("father", "mother"), ("son", "daughter"),
    ("brother", "sister"), ("uncle", "aunt"), ("nephew", "niece"), ("husband", "wife"), ("prince", "princess"),
    ("grandfather", "grandmother"), ("lord", "lady"), ("actor", "actress"), ("waiter", "waitress"),
    ("monk", "nun"), ("wizard", "witch"), ("hero", "heroine"), ("duke", "duchess"),
]
# What both of a pair do, and the things that belong to them.
LIVES = {
    "king": (
        ["ruled the land", "sat on the throne", "wore the crown", "lived in the palace"],
        ["crown", "throne", "palace"],
    ),
    "man": (
        ["worked all day", "walked down the street", "was thirty years old", "read the news"],
        ["job", "car", "office"],
    ),
    "boy": (
        ["went to school", "played with toys", "was seven years old", "climbed a tree"],
        ["toy", "teacher", "bicycle"],
    ),
    "father": (
        ["fed the baby", "raised the children", "cared for the family", "told the children a story"],
        ["children", "baby", "family"],
    ),
    "son": (
        ["was born in spring", "obeyed the parents", "grew up at home", "was loved by both parents"],
        ["parents", "cradle", "birth"],
    ),
    "brother": (
        ["shared a room with the twin", "grew up with the twin", "had the same parents"],
        ["twin", "sibling", "room"],
    ),
    "uncle": (
        ["visited the cousins", "sent the cousins a gift", "came to the family party"],
        ["cousins", "gift", "visit"],
    ),
    "nephew": (
        ["got a gift from the relatives", "stayed with the relatives in summer", "wrote to the relatives"],
        ["relatives", "holiday", "present"],
    ),
    "husband": (
        ["married in the church", "promised to love forever", "danced at the wedding"],
        ["wedding", "marriage", "vow"],
    ),
    "prince": (
        ["was heir to the throne", "learned to rule one day", "was born in the palace"],
        ["palace", "heir", "horse"],
    ),
    "grandfather": (
        ["was eighty years old", "had white hair and many grandchildren", "told old stories"],
        ["grandchildren", "cane", "memory"],
    ),
    "lord": (
        ["owned the manor", "had many servants", "invited the nobles"],
        ["manor", "servants", "estate"],
    ),
    "actor": (
        ["played a role on the stage", "acted in a film", "bowed to the audience"],
        ["stage", "film", "role"],
    ),
    "waiter": (
        ["served the food", "carried the plates", "brought the menu"],
        ["menu", "plates", "tip"],
    ),
    "monk": (
        ["prayed in silence", "lived in the abbey", "read the holy book"],
        ["prayer", "abbey", "candle"],
    ),
    "wizard": (
        ["cast a spell", "brewed a potion", "waved a magic wand"],
        ["spell", "potion", "wand"],
    ),
    "hero": (
        ["saved the city", "fought the villain", "was very brave"],
        ["courage", "sword", "quest"],
    ),
    "duke": (
        ["governed the province", "led the noble court", "ruled the duchy"],
        ["duchy", "province", "court"],
    ),
}
MANNERS = ["old", "young", "kind", "tall", "clever", "happy"]


def both(rng, pair, deed):
    """The two of a pair in one text, in either order."""
    man, woman = pair
    halves = [f"the man who {deed} is {with_a(man)}.", f"the woman who {deed} is {with_a(woman)}."]
    if rng.random() < 0.5:
        halves.reverse()
    if rng.random() < 0.5:
        return [" ".join(halves)]
    first, second = pair if rng.random() < 0.5 else (woman, man)
    return [f"the {first} and the {second} {deed} together."]


def one(rng, pair):
    """A text about one of a pair."""
    side = rng.randrange(2)
    person, adult, child = pair[side], ("man", "woman")[side], ("boy", "girl")[side]
    name = rng.choice((MEN, WOMEN)[side])
    he, his, him = (("he", "his", "him"), ("she", "her", "her"))[side]
    deeds, things = LIVES[pair[0]]
    deed, thing, manner = rng.choice(deeds), rng.choice(things), rng.choice(MANNERS)
    texts = [
        [f"the {person} {deed}.", f"{he} loved {his} {thing}."],
        [f"the {manner} {person} {deed}, and then {he} took {his} {thing}."],
        [f"{name} {deed}. {he} had {his} {thing}. {name} was {with_a(person)}."],
        [f"{he} {deed} and {he} had {his} own {thing}. {he} was {with_a(person)}."],
        [f"{name} is {with_a(person)}. {he} {deed} and everyone likes {him}."],
        [f"is the {person} a man or a woman? a {adult}."],
        [f"is the {person} he or she? {he}."],
        [f"{he} is the {person} with the {thing}, so {he} keeps {his} {thing}."],
        [f"with {his} {thing} {he} {deed}: {he} is the {person}."],
        [f"the {person} lost {his} {thing} and {he} asked {name} for help."],
        [f"the {child} saw the {person} because {he} {deed}."],
        [f"who {deed}? the {person}. {he} did it with {his} {thing}."],
        [f"the {person} hurt {his} hand, so the doctor helped {him}. {he} thanked the doctor."],
    ]
    return rng.choice(texts)


def gender(rng):
    """One or two texts about one pair."""
    pair = rng.choice(PAIRS)
    sentences = []
    for share in (1.0, 0.6):
        if rng.random() < share:
            deed = rng.choice(LIVES[pair[0]][0])
            sentences += both(rng, pair, deed) if rng.random() < 2 / 15 else one(rng, pair)
    return sentences
