"""The one table of the training run: what is read in which order, for how many steps, at which rate."""

from dataclasses import dataclass, field

VOCABULARY = 2700
WARM_UP = 60
WEIGHT_DECAY = 0.1
BETAS = (0.9, 0.98)


@dataclass(frozen=True)
class Phase:
    """One stretch of the run."""

    name: str
    optimizer: str  # "muon" or "adamw", for the matrices of the layers
    steps: int
    rate: float  # learning rate after the warm-up
    last_rate: float  # learning rate at the end, reached along a half cosine
    row: int  # tokens in a row of short documents
    answer_weight: float  # weight of the marked answers in the loss
    long_rows: bool  # long documents in rows of 256 of their own
    mix: dict = field(default_factory=dict)  # share of documents of each kind
    sharpen: float = 1.0  # all queries are multiplied by this at the start: every head attends more sharply
    positions: float = 1.0  # the learned positions are multiplied by this at the start
    tokens: int = 4096  # in one step


PHASES = [
    Phase(
        "repeats", "muon", 600, 2e-3, 1.5e-3, 64, 1.0, False,
        {"short_repeats": 0.75, "repeats": 0.15, "gender": 0.1},
    ),
    Phase(
        "general", "muon", 800, 1.5e-3, 1e-3, 128, 1.0, True,
        {
            "pairs": 0.28, "binding": 0.08, "scenes": 0.1, "mole": 0.08, "homographs": 0.02, "tower": 0.08,
            "short_mystery": 0.1, "gender": 0.16, "number": 0.03, "capitals": 0.04, "errands": 0.02, "repeats": 0.08,
        },
    ),
    Phase(
        "mysteries", "muon", 700, 1e-3, 5e-4, 96, 4.0, False,
        {
            "short_mystery": 0.5, "clues": 0.05, "pairs": 0.14, "binding": 0.05, "scenes": 0.03, "mole": 0.05, "tower": 0.04,
            "gender": 0.11, "repeats": 0.03,
        },
    ),
    Phase(
        "telegraphic", "muon", 900, 1.2e-3, 4e-4, 128, 3.0, False,
        {
            "telegraphic": 0.5, "echo": 0.12, "clues": 0.1, "short_mystery": 0.08, "mole": 0.06, "tower": 0.04,
            "gender": 0.08, "repeats": 0.02,
        },
    ),
    Phase(
        "lists", "muon", 500, 1e-3, 4e-4, 128, 3.0, True,
        {
            "telegraphic": 0.24, "echo": 0.08, "lists": 0.12, "clues": 0.1, "short_mystery": 0.08, "stories": 0.2,
            "mole": 0.05, "tower": 0.03, "gender": 0.08, "repeats": 0.02,
        },
    ),
    Phase(
        "mix", "adamw", 1200, 6e-4, 0.0, 128, 3.0, True,
        {
            "telegraphic": 0.22, "crowded": 0.19, "echo": 0.06, "lists": 0.03, "stories": 0.04, "clues": 0.06,
            "mystery": 0.12, "mole": 0.06, "tower": 0.03, "two_towers": 0.05, "gender": 0.12, "number": 0.01,
            "capitals": 0.02, "errands": 0.01, "repeats": 0.03, "homographs": 0.01,
        },
        sharpen=2.0,
    ),
    Phase(
        "sharper", "adamw", 300, 2e-4, 0.0, 128, 3.0, True,
        {
            "telegraphic": 0.26, "crowded": 0.15, "echo": 0.06, "lists": 0.06, "stories": 0.05, "clues": 0.02,
            "witnesses": 0.1, "mystery": 0.08, "mole": 0.06, "tower": 0.02, "two_towers": 0.04, "gender": 0.08,
            "number": 0.01, "capitals": 0.01, "errands": 0.01, "repeats": 0.03, "homographs": 0.01,
        },
        sharpen=2.5,
    ),
    Phase(
        "last", "adamw", 450, 2.5e-4, 0.0, 128, 3.0, True,
        {
            "telegraphic": 0.2, "crowded": 0.14, "echo": 0.08, "lists": 0.08, "stories": 0.06, "witnesses": 0.12,
            "mystery": 0.12, "mole": 0.07, "tower": 0.02, "two_towers": 0.03, "gender": 0.08, "number": 0.01,
            "capitals": 0.01, "errands": 0.02, "repeats": 0.02, "homographs": 0.01,
        },
        sharpen=1.2,
    ),
    Phase(
        "nouns", "adamw", 2500, 4e-4, 0.0, 128, 3.0, True,
        {
            "telegraphic": 0.17, "far": 0.07, "far_lists": 0.08, "unknown": 0.1, "asked": 0.08, "echo": 0.03, "lists": 0.06,
            "stories": 0.03, "scenes": 0.02, "witnesses": 0.06, "mystery": 0.13, "mole": 0.03, "grams": 0.02, "tower": 0.01,
            "two_towers": 0.02, "gender": 0.04, "number": 0.01, "capitals": 0.01, "errands": 0.01, "repeats": 0.02,
        },
        sharpen=1.25,
        positions=2.3,
    ),
    Phase(
        "homes", "adamw", 2000, 3e-4, 0.0, 128, 3.0, True,
        {
            "telegraphic": 0.15, "far": 0.07, "far_lists": 0.06, "unknown": 0.09, "asked": 0.1, "homes": 0.1, "echo": 0.02,
            "lists": 0.05, "stories": 0.02, "scenes": 0.02, "witnesses": 0.05, "mystery": 0.12, "mole": 0.03, "grams": 0.02,
            "tower": 0.01, "two_towers": 0.02, "gender": 0.03, "number": 0.01, "capitals": 0.01, "errands": 0.01, "repeats": 0.01,
        },
        sharpen=1.1,
        positions=1.7,
    ),
    Phase(
        "clear", "adamw", 120, 3e-5, 0.0, 128, 3.0, True,
        {
            "telegraphic": 0.14, "far": 0.06, "far_lists": 0.06, "unknown": 0.07, "asked": 0.07, "homes": 0.1, "echo": 0.02,
            "lists": 0.05, "stories": 0.02, "scenes": 0.02, "witnesses": 0.07, "mystery": 0.18, "mole": 0.03, "grams": 0.02,
            "tower": 0.01, "two_towers": 0.02, "gender": 0.03, "number": 0.01, "capitals": 0.01, "errands": 0.01, "repeats": 0.01,
        },
        sharpen=1.65,
        positions=1.1,
    ),
]

# Tried from the weights after "last" and not shipped: "positions", "settle", "close", "recover" and
# "even" in a row, "amounts" alone.
# NOTES.md says what came of it; train.py --further runs them too.
FURTHER = [
    Phase(
        "positions", "adamw", 250, 3e-4, 1e-4, 128, 3.0, True,
        {
            "telegraphic": 0.19, "far": 0.12, "far_lists": 0.1, "echo": 0.06, "lists": 0.04, "stories": 0.03,
            "witnesses": 0.11, "mystery": 0.13, "mole": 0.05, "grams": 0.02, "tower": 0.02, "two_towers": 0.03,
            "gender": 0.08, "number": 0.01, "capitals": 0.01, "errands": 0.01, "repeats": 0.05, "homographs": 0.01,
        },
        sharpen=1.25,
        positions=1.7,
        tokens=2048,
    ),
    Phase(
        "settle", "adamw", 150, 1e-4, 0.0, 128, 3.0, True,
        {
            "telegraphic": 0.19, "far": 0.12, "far_lists": 0.1, "echo": 0.06, "lists": 0.04, "stories": 0.03,
            "witnesses": 0.11, "mystery": 0.13, "mole": 0.05, "grams": 0.02, "tower": 0.02, "two_towers": 0.03,
            "gender": 0.08, "number": 0.01, "capitals": 0.01, "errands": 0.01, "repeats": 0.05, "homographs": 0.01,
        },
        tokens=2048,
    ),
    Phase(
        "close", "adamw", 140, 2e-4, 0.0, 128, 5.0, True,
        {
            "telegraphic": 0.21, "far": 0.12, "far_lists": 0.04, "echo": 0.05, "lists": 0.03, "stories": 0.02,
            "witnesses": 0.05, "testimony": 0.1, "mystery": 0.17, "mole": 0.03, "grams": 0.02, "tower": 0.02, "two_towers": 0.03,
            "gender": 0.07, "number": 0.01, "capitals": 0.01, "errands": 0.01, "repeats": 0.04, "homographs": 0.01,
        },
        sharpen=1.1,
        positions=1.2,
        tokens=2048,
    ),
    Phase(
        "recover", "adamw", 700, 4e-4, 0.0, 128, 4.0, True,
        {
            "telegraphic": 0.23, "far": 0.07, "far_lists": 0.06, "echo": 0.05, "lists": 0.05, "stories": 0.02,
            "witnesses": 0.07, "mystery": 0.2, "clues": 0.03, "mole": 0.03, "grams": 0.02, "tower": 0.01, "two_towers": 0.03,
            "gender": 0.06, "number": 0.01, "capitals": 0.01, "errands": 0.01, "repeats": 0.04,
        },
        positions=1.1,
        tokens=2048,
    ),
    Phase(
        "even", "adamw", 400, 2.5e-4, 0.0, 128, 4.0, True,
        {
            "telegraphic": 0.23, "pairs": 0.06, "scenes": 0.03, "crowded": 0.04, "far": 0.07, "far_lists": 0.06, "echo": 0.05,
            "lists": 0.04, "witnesses": 0.06, "mystery": 0.18, "clues": 0.03, "mole": 0.03, "grams": 0.01, "tower": 0.01,
            "two_towers": 0.02, "gender": 0.05, "number": 0.01, "capitals": 0.01, "errands": 0.01, "repeats": 0.03,
        },
        sharpen=1.15,
        positions=1.06,
        tokens=2048,
    ),
    Phase(
        "amounts", "adamw", 60, 1e-4, 0.0, 128, 3.0, True,
        {
            "telegraphic": 0.2, "crowded": 0.14, "echo": 0.08, "lists": 0.08, "stories": 0.06, "witnesses": 0.12,
            "mystery": 0.12, "mole": 0.07, "grams": 0.1, "tower": 0.02, "two_towers": 0.03, "gender": 0.08,
            "number": 0.01, "capitals": 0.01, "errands": 0.02, "repeats": 0.02, "homographs": 0.01,
        },
        tokens=2048,
    ),
]
