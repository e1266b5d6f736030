"""What is held out of training: pairs of adjective and noun, names of suspects, contexts of "mole",
small landmarks. Training documents that would break a rule are drawn again (see breaks_rules)."""

import re
import zlib

from .words import ADJECTIVES, ADVERBS, CATEGORIES, COMPOUNDS

# Small blocks, three nouns by three adjectives: about 3 % of all pairs. Every noun and every adjective
# is met in training, only not together.
BLOCKS = {
    "colour": (["creature", "fox", "owl"], ["blue", "pink", "grey"]),
    "texture": (["creature", "fox", "owl"], ["fluffy", "spiky", "smooth"]),
    "mood": (["bear", "horse", "frog"], ["sad", "brave", "shy"]),
    "size": (["bear", "horse", "frog"], ["tiny", "huge", "giant"]),
    "place": (["forest", "lake", "hill"], ["verdant", "misty", "dark"]),
    "material": (["ball", "box", "hat"], ["golden", "iron", "paper"]),
}
PAIRS = {(adjective, noun) for nouns, adjectives in BLOCKS.values() for noun in nouns for adjective in adjectives}
NOUNS = frozenset(noun for _, noun in PAIRS)

# These people are never suspects, victims or detectives in training; elsewhere they occur.
SUSPECTS = ["Victor", "Hugo", "Felix", "Ivy", "Olga", "Diana"]

# These landmarks are never miniature in training (other small words and other landmarks are).
SMALL_LANDMARKS = {("miniature", "Eiffel tower"), ("miniature", "London bridge"), ("miniature", "Cairo pyramid")}

# The chapter's three contexts of "mole", and one context in MOLE_SHARE of all others.
MOLE_PHRASES = ("American shrew mole", "one mole of carbon dioxide", "take a biopsy of the mole")
MOLE_COMMON = ("one mole", "a mole", "each mole")
MOLE_SHARE = 8

_TOKENS = re.compile(r"[a-z]+|[^a-z\s]")
_INSIDE = ADJECTIVES | set(ADVERBS) | set(COMPOUNDS) | {"and", "but", ","}


def pair(adjective, noun):
    """Whether adjective and noun are held out together."""
    return (adjective, noun) in PAIRS


def adjectives_for(category, noun, held=False):
    """The adjectives of a category that a noun takes in training, or those held out."""
    return [a for a in CATEGORIES[category] if pair(a, noun) == held]


def mole_context(left, right):
    """Whether this context of "mole" is held out."""
    text = left + " " + right
    if any(phrase in text for phrase in MOLE_PHRASES):
        return True
    return left not in MOLE_COMMON and zlib.crc32(left.encode()) % MOLE_SHARE == 0


def inside_phrase(word):
    """Whether a word may stand between an adjective and its noun."""
    return word in _INSIDE


def breaks_rules(text):
    """Whether a held-out adjective stands in the noun phrase of its noun, or directly after the noun."""
    words = _TOKENS.findall(text.lower())
    for place, noun in enumerate(words):
        if noun not in NOUNS:
            continue
        if place + 1 < len(words) and pair(words[place + 1], noun):
            return True
        for word in reversed(words[:place]):
            if word not in _INSIDE:
                break
            if pair(word, noun):
                return True
    return False
