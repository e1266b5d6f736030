"""One word, several senses: "mole" (an animal, a number of atoms, a spot on the skin), and some others."""

import re

from . import heldout

ANIMAL_KINDS = (
    "American,European,Japanese,star nosed,American shrew,Japanese shrew,Chinese shrew,shrew,little,blind,"
    "furry,hungry,garden,common,black,wild,young,tiny"
).split(",")
ANIMAL_OPENINGS = (
    "the farmer saw a,the fox chased the,in the garden the,under the ground the,the owl caught a,the,the,a,"
    "one day a,deep in the soil the,in the forest a,the cat found the,the zoo had a,in the field an old,"
    "the worm feared the"
).split(",")
ANIMAL_NEEDS_KIND = ("the", "a", "one day a", "the zoo had a")
ANIMAL_AS_OBJECT = (
    "the farmer saw", "the owl caught", "the fox chased", "the cat found", "the zoo had", "the worm feared",
)
ANIMAL_DEEDS = [
    "dug a tunnel", "dug a long burrow", "lived in a burrow", "ate a worm", "dug under the ground",
    "slept in its burrow", "crawled into its hole", "hunted for worms",
]
GRAMS = {
    "carbon dioxide": "forty four", "water": "eighteen", "oxygen": "thirty two", "hydrogen": "two",
    "nitrogen": "twenty eight", "salt": "fifty eight", "iron": "fifty six", "methane": "sixteen",
    "helium": "four", "sugar": "many", "carbon": "twelve", "sulfur": "thirty two",
}
CHEMISTRY_OPENINGS = (
    ",,,in the laboratory ,the chemist measured ,the flask held ,the experiment used ,the student weighed ,"
    "in chemistry ,the reaction made ,the teacher said that ,she calculated that "
).split(",")
CHEMISTRY_AS_SUBJECT = ("", "in the laboratory ", "in chemistry ", "the teacher said that ", "she calculated that ")
AMOUNTS = ["one", "half a", "a", "each", "a single", "exactly one", "about one", "every"]
BODY = "arm cheek back neck leg shoulder nose hand skin".split()
SKIN_OPENINGS = (
    "take a biopsy of the;take a picture of the;the doctor examined the;the dermatologist removed the;"
    "the surgeon cut out the;the patient showed the nurse a;the nurse looked at the;she had a dark spot, a;"
    "the doctor worried about the;the clinic will remove the;he asked the doctor about a;"
    "you should let a doctor see this;a biopsy was taken from the;the cancer began in the;"
    "the surgeon took a sample of the;the skin doctor found a;look at the skin and the"
).split(";")
FURTHER = {
    "animal": [
        "the mole is a small animal.", "it dug with its big paws.", "the animal ate a worm in its burrow.",
        "moles live in tunnels under the ground.",
    ],
    "chem": [
        "a mole is a number of atoms.", "the gas was in the flask.", "the chemist wrote down the grams.",
        "atoms and molecules are very small.",
    ],
    "skin": [
        "a mole is a spot on the skin.", "the doctor sent the skin to the hospital.",
        "the patient was not afraid of the doctor.", "the nurse cleaned the skin.",
    ],
}


def animal(rng):
    """An animal in the garden: the text up to "mole", and what follows."""
    opening = rng.choice(ANIMAL_OPENINGS)
    if rng.random() < 0.75 or opening in ANIMAL_NEEDS_KIND:
        left = f"{opening} {rng.choice(ANIMAL_KINDS)} mole"
    else:
        left = f"{opening} mole"
    left = re.sub(r"\ba American", "an American", left)
    right = rng.choice(ANIMAL_DEEDS) + rng.choice([".", " in the soil.", " under the garden.", " all night."])
    if left.startswith(ANIMAL_AS_OBJECT):
        right = rng.choice(["as it ", "which ", "when it "]) + right
    return left, right


def chemistry(rng):
    """A number of atoms: the text up to "mole", and what follows."""
    substance, opening = rng.choice(list(GRAMS)), rng.choice(CHEMISTRY_OPENINGS)
    left = f"{opening}{rng.choice(AMOUNTS)} mole"
    fact = rng.choice(
        [
            f"weighs {GRAMS[substance]} grams.",
            f"has a mass of {GRAMS[substance]} grams.",
            "contains many atoms.",
            "contains a huge number of molecules.",
            "has as many atoms as the number says.",
        ]
    )
    if opening in CHEMISTRY_AS_SUBJECT:
        return left, f"of {substance} {fact}"
    return left, f"of {substance}, " + rng.choice([f"which {fact}", f"and it {fact}"])


def skin(rng):
    """A spot on the skin: the text up to "mole", and what follows."""
    whose, where = rng.choice(["his", "her"]), rng.choice(BODY)
    look = rng.choice(["", "", "", "", "strange ", "large ", "round ", "new ", "brown "])
    left = f"{rng.choice(SKIN_OPENINGS)} {look}mole"
    right = rng.choice(
        [
            f"on {whose} {where}.",
            f"on the skin of {whose} {where}.",
            "and sent it to the hospital.",
            "because it could be skin cancer.",
            "with a small needle.",
            f"that grew on {whose} {where}.",
        ]
    )
    return left, right


SENSES = {"animal": animal, "chem": chemistry, "skin": skin}
# The words that may follow "mole" in each sense.
NEXT_WORDS = {
    "animal": ["dug", "lived", "ate", "slept", "crawled", "hunted", "as", "which", "when"],
    "chem": ["of"],
    "skin": ["on", "and", "because", "with", "that"],
}


def context(rng, sense, held):
    """A context of "mole" in a sense that is held out, or one that is not."""
    while True:
        left, right = SENSES[sense](rng)
        if heldout.mole_context(left, right) == held:
            return left, right


def mole(rng):
    """A sentence with "mole" in one of its senses, and up to two that go on about it."""
    sense = rng.choice(list(SENSES))
    sentences = [" ".join(context(rng, sense, held=False))]
    for share in (0.7, 0.35):
        if rng.random() < share:
            sentences.append(rng.choice(FURTHER[sense]))
    return sentences


def grams(rng):
    """Amounts in grams that begin a text: no moles, but the words that stand before them."""
    sentences = []
    while not sentences or rng.random() < 0.4:
        substance = rng.choice(list(GRAMS))
        amount = f"{rng.choice(AMOUNTS)} gram of {substance}"
        sentences.append(
            amount + rng.choice([" was in the flask.", " is very small.", " weighs the same in the laboratory."])
        )
    return sentences


# Other words with two senses: for each sense the texts up to the word, and what follows.
HOMOGRAPHS = {
    "bat": [
        (
            ["in the dark cave the", "at night a hungry", "an owl and a", "hanging from the roof the"],
            ["flew into the night.", "ate an insect.", "slept in the cave.", "spread its wings."],
        ),
        (
            ["the player swung the", "he hit the ball with a", "the team lost the", "at the game she held the wooden"],
            ["and the ball flew away.", "and ran to the base.", "and won the game."],
        ),
    ],
    "bank": [
        (
            ["along the river the muddy", "the boat reached the", "the fisherman sat on the", "by the water the grassy"],
            ["of the river.", "near the water.", "where the fish swim."],
        ),
        (
            ["she put her money in the", "the robber stole gold from the", "the rich man owned a", "he took a loan from the"],
            ["with all the money.", "and counted the coins.", "and paid the money back."],
        ),
    ],
    "bark": [
        (
            ["the tree had rough", "the old oak with brown", "the squirrel climbed the", "a bug hid under the"],
            ["on its trunk.", "and green leaves.", "near a branch."],
        ),
        (
            ["the dog gave a loud", "at the stranger the puppy began to", "a noisy dog likes to", "we heard the dog"],
            ["at the cat.", "all night long.", "and wag its tail."],
        ),
    ],
    "spring": [
        (
            ["after winter comes", "the flowers bloom in", "birds build nests in early", "it was a warm day in"],
            ["and the flowers open.", "before the summer.", "when the snow melts."],
        ),
        (
            ["the machine has a metal", "push down the coiled", "the clock needs a new", "the steel"],
            ["that bounces back.", "inside the clock.", "made of wire."],
        ),
    ],
}


def homographs(rng):
    """Sentences with other words of two senses."""
    sentences = []
    while not sentences or rng.random() < 0.5:
        word = rng.choice(list(HOMOGRAPHS))
        lefts, rights = rng.choice(HOMOGRAPHS[word])
        sentences.append(f"{rng.choice(lefts)} {word} {rng.choice(rights)}")
    return sentences
