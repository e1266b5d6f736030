"""The lexicon, and small helpers that every part of the grammar uses."""

COLOURS = {
    "blue": "sky", "red": "rose", "green": "grass", "yellow": "sun", "white": "snow", "black": "night",
    "brown": "earth", "grey": "stone", "pink": "pig", "purple": "plum", "orange": "carrot", "silver": "moon",
}
TEXTURES = {
    "fluffy": "soft", "scaly": "rough", "furry": "warm", "spiky": "sharp", "smooth": "sleek",
    "feathery": "light", "slimy": "wet", "woolly": "cosy", "bony": "hard",
}
SIZES = {
    "tiny": "small", "little": "small", "miniature": "small", "huge": "large", "giant": "large",
    "enormous": "large", "gigantic": "large",
}
MOODS = {
    "happy": "smiled", "sad": "cried", "angry": "shouted", "hungry": "ate", "sleepy": "slept",
    "brave": "fought", "shy": "hid", "clever": "thought", "lonely": "waited",
}
LANDSCAPES = {
    "verdant": "green leaves", "snowy": "white snow", "sandy": "yellow sand", "dark": "black shadows",
    "misty": "grey fog", "sunny": "bright light", "frozen": "cold ice", "rocky": "hard stones",
    "muddy": "wet mud", "dusty": "dry dust", "flowery": "sweet flowers",
}
MATERIALS = {
    "wooden": "wood", "golden": "gold", "glass": "glass", "iron": "iron", "paper": "paper",
    "leather": "leather", "stone": "stone", "plastic": "plastic",
}

# What an adjective of each category says about its noun, once more and in another word.
CATEGORIES = {
    "colour": COLOURS, "texture": TEXTURES, "size": SIZES,
    "mood": MOODS, "place": LANDSCAPES, "material": MATERIALS,
}
ADJECTIVES = frozenset(adjective for table in CATEGORIES.values() for adjective in table)
ADJECTIVE_ORDER = ["size", "texture", "colour", "mood", "place", "material"]

ANIMALS = (
    "creature dragon cat dog rabbit fox bear bird horse mouse wolf frog owl monster giraffe lion tiger "
    "sheep goat duck pony beast spider snake turtle"
).split()
PLACES = (
    "forest meadow valley garden village mountain island desert cave lake hill jungle field swamp park beach"
).split()
THINGS = (
    "ball hat box book cup lamp ring sword boat door chair coat bag key spoon drum crown basket bottle clock"
).split()
# For each sort of noun: the nouns, and the categories of adjectives they take.
SORTS = {
    "animal": (ANIMALS, ["colour", "texture", "size", "mood"]),
    "place": (PLACES, ["place", "size"]),
    "thing": (THINGS, ["material", "colour", "size"]),
}
# Nouns that may stand before another noun ("the mountain creature") and are no adjectives.
COMPOUNDS = "mountain desert jungle garden village field park swamp house castle town".split()
ADVERBS = ["very", "rather", "quite", "so"]
LONG_ADVERBS = ADVERBS + ["very very", "quite so"]
MOVES = "roamed explored crossed entered left visited loved guarded".split()
MEETS = "saw met chased found visited liked heard".split()

MEN = (
    "Tom John Peter Paul Henry Jack Sam David Mark Oliver Harry Frank Victor Hugo Felix Oscar George Leo "
    "Simon Edgar Albert Walter Martin Arthur"
).split()
WOMEN = (
    "Anna Mary Alice Emma Clara Lucy Rose Helen Jane Sarah Nora Ruth Ella Grace Julia Laura Eva Ivy Olga "
    "Diana Martha Agnes Sophie Betty"
).split()
NAMES = MEN + WOMEN
ROLES = (
    "butler cook gardener maid doctor nurse driver guard painter singer baker tailor lawyer priest sailor banker"
).split()
WEAPONS = "knife rope pistol candlestick hammer spade dagger poison wrench shovel brick scarf".split()
ROOMS = "kitchen library garden cellar bedroom ballroom attic stable chapel office tower hall".split()

ANSWER_BEGINS, ANSWER_ENDS = "\x01", "\x02"


def answer(text):
    """Marks text as an answer, which weighs more in the loss of some phases."""
    return ANSWER_BEGINS + text + ANSWER_ENDS


def unmarked(text):
    """The text without the marks of answers."""
    return text.replace(ANSWER_BEGINS, "").replace(ANSWER_ENDS, "")


def with_a(text):
    """The text after "a" or "an"."""
    return ("an " if text[0] in "aeiou" else "a ") + text


def with_determiner(rng, text):
    """The text after "a", "an" or "the"."""
    return with_a(text) if rng.random() < 0.5 else "the " + text


def pronouns(name):
    """he/his/him or she/her/her."""
    return ("he", "his", "him") if name in MEN else ("she", "her", "her")


def capitalized(text):
    """The text with a capital letter at the start of every sentence."""
    letters, start = [], True
    for letter in text:
        if start and letter.isalpha():
            letter, start = letter.upper(), False
        elif letter in ".?!":
            start = True
        letters.append(letter)
    return "".join(letters)
