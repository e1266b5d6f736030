"""Murder mysteries, and short texts about who had or did what. Four kinds of mystery:

weapon  everybody has something, the victim was killed with one of them (two hops);
alibi   one suspect has no alibi (one hop);
role    a clue points at a role, and the roles are given with the names (two hops);
blood   one suspect holds something bloody (one hop)."""

from . import heldout
from .words import MEN, NAMES, ROLES, ROOMS, THINGS, WEAPONS, answer

ONE_HOP, TWO_HOPS = ("alibi", "blood"), ("weapon", "role")
KIND_SHARES = {"alibi": 3, "blood": 4, "weapon": 1, "role": 1}
SHORT_KIND_SHARES = {"alibi": 2, "blood": 3, "weapon": 1}
SUSPECTS = [name for name in NAMES if name not in heldout.SUSPECTS]
FILLERS = [
    "the rain fell on the roof.", "the clock struck midnight.", "a dog barked outside.",
    "the detective looked at the window.", "nobody spoke for a long time.", "the candle burned low.",
    "the wind blew in the trees.", "the detective drank a cup of tea.", "there were footprints in the mud.",
    "the house was cold and dark.", "everyone was afraid.", "a letter lay on the table.",
]
PERSON_FILLERS = [
    "{} cried.", "{} looked at the floor.", "{} asked for water.", "{} was pale.", "{} said nothing.",
    "the detective spoke with {}.", "{} sat near the fire.", "{} wanted to go home.",
]
HAVE = ["carried", "owned", "had", "kept"]
CONCLUSION = "therefore the murderer was "


def no_alibi(rng, who, name):
    """A sentence that gives a suspect away."""
    he = "he" if name in MEN else "she"
    return rng.choice(
        [
            f"nobody saw {who.rstrip(',')} that night.",
            f"{who} had no alibi.",
            f"{who} could not say where {he} was.",
        ]
    )


def good_alibi(rng, who, room):
    """A sentence that clears a suspect."""
    return rng.choice(
        [f"{who} was in the {room} all night.", f"{who} was seen in the {room}.", f"{who} had a good alibi."]
    )


def held_thing(rng, who, thing, bloody):
    """A suspect holds something."""
    look = "bloody" if bloody else rng.choice(["clean", "new", "broken", "shiny"])
    return f"{who} held a {look} {thing}."


class Mystery:
    """One murder story: the cast, the clues, and the sentences."""

    def __init__(self, rng, kind, short, names, suspects):
        self.rng, self.kind, self.short = rng, kind, short
        self.suspects = rng.sample(names, suspects)
        # With held-out names the victim and the detective are other people.
        others = [name for name in SUSPECTS if name not in self.suspects]
        self.victim, self.detective = rng.sample(others, 2)
        self.roles = rng.sample(ROLES, suspects)
        self.things = rng.sample(WEAPONS, suspects)
        self.rooms = rng.sample(ROOMS, suspects + 1)
        self.guilty = rng.randrange(suspects)
        self.murderer = self.suspects[self.guilty]
        self.who = [
            f"{name}, the {role}," if rng.random() < 0.6 else f"{name} the {role}"
            for name, role in zip(self.suspects, self.roles)
        ]

    def opening(self):
        """The night, perhaps, and the deed."""
        rng, sentences = self.rng, []
        if not self.short or rng.random() < 0.3:
            weather = rng.choice(["dark", "stormy", "cold", "quiet", "rainy"])
            sentences.append(
                rng.choice(
                    [
                        f"it was a {weather} night in the old house.",
                        "a murder was done in the old house.",
                        "the guests came to the old house at night.",
                    ]
                )
            )
        if self.kind == "alibi":
            sentences.append(f"{self.victim} was killed with a {rng.choice(WEAPONS)}.")
        else:
            verb = rng.choice(["was found dead", "lay dead"]) if self.kind == "weapon" else "was found dead"
            sentences.append(f"{self.victim} {verb} in the {self.rooms[-1]}.")
        return sentences

    def statement(self, number):
        """What is said about one suspect."""
        rng, who, name = self.rng, self.who[number], self.suspects[number]
        if self.kind == "weapon":
            return f"{who} {rng.choice(HAVE)} a {self.things[number]}."
        if self.kind == "alibi":
            if number == self.guilty:
                return no_alibi(rng, who, name)
            return good_alibi(rng, who, self.rooms[number])
        if self.kind == "blood":
            return held_thing(rng, who, self.things[number], number == self.guilty)
        role = self.roles[number]
        return rng.choice(
            [f"{name} was the {role}.", f"{who} was in the {self.rooms[number]}.", f"the {role} was {name}."]
        )

    def evidence(self):
        """The second half of a two-hop clue."""
        rng, thing, role = self.rng, self.things[self.guilty], self.roles[self.guilty]
        if self.kind == "weapon":
            return [
                rng.choice(
                    [
                        f"{self.victim} was killed with a {thing}.",
                        f"the murder was done with a {thing}.",
                        f"the weapon of the murder was a {thing}.",
                        f"the detective found a bloody {thing}.",
                    ]
                )
            ]
        if self.kind == "role":
            return [
                rng.choice(
                    [
                        f"a bloody {thing} was found in the bed of the {role}.",
                        f"the blood was on the hands of the {role}.",
                        f"the footprints of the {role} were near the body.",
                    ]
                )
            ]
        return []

    def told(self):
        """Opening, clues in random order, and fillers between them."""
        rng = self.rng
        statements = [self.statement(number) for number in range(len(self.suspects))]
        rng.shuffle(statements)
        evidence = self.evidence()
        body = evidence + statements if rng.random() < 0.3 else statements + evidence
        opening = self.opening()
        share = 0.06 if self.short else rng.choice([0.6, 1.0, 1.4])
        sentences = []
        for sentence in opening + body:
            sentences.append(sentence)
            for _ in range(2):
                if rng.random() < share * 0.45:
                    sentences.append(rng.choice(FILLERS))
                if rng.random() < share * 0.25:
                    sentences.append(rng.choice(PERSON_FILLERS).format(rng.choice(self.suspects)))
        if not self.short:
            came = [f"detective {self.detective} came to the house.", f"the detective was {self.detective}."]
            sentences.insert(len(opening), rng.choice(came))
        return sentences

    def conclusion(self):
        """The sentence up to the murderer's name."""
        before = ["", "", "the detective thought for a long time. ", "the detective knew the truth. "]
        return self.rng.choice(before) + CONCLUSION

    def questions(self):
        """Who was what, and who had what."""
        asked = []
        for number, (name, role) in enumerate(zip(self.suspects, self.roles)):
            asked += [f"who was the {role}? {name}.", f"what was {name}? the {role}."]
            if self.kind in ("weapon", "blood"):
                asked.append(f"who had the {self.things[number]}? {name}.")
        self.rng.shuffle(asked)
        return asked


def draw_kind(rng, shares):
    """A kind of mystery by its share."""
    return rng.choices(list(shares), list(shares.values()))[0]


def document(rng, kind, short):
    """The sentences of a training mystery: side questions before and after the conclusion."""
    story = Mystery(rng, kind, short, SUSPECTS, rng.choices([3, 4, 5], [0.25, 0.55, 0.2])[0])
    sentences = story.told()
    if rng.random() < 0.55:
        sentences += story.questions()[: rng.choice([1, 2])]
    sentences.append(story.conclusion() + answer(story.murderer) + ".")
    after = story.questions() + [
        f"the murderer was the {story.roles[story.guilty]}.",
        f"the victim was {story.victim}.",
    ]
    rng.shuffle(after)
    return sentences + after[: rng.choice([0, 1, 2, 3])]


def mystery(rng):
    """A mystery of any length."""
    return document(rng, draw_kind(rng, KIND_SHARES), rng.random() < 0.45)


def short_mystery(rng):
    """A mystery with almost no fillers."""
    return document(rng, draw_kind(rng, SHORT_KIND_SHARES), True)


def clues(rng):
    """Who had what, was where, has no alibi, holds something bloody: asked right after the key, or in a
    question."""
    count = rng.choice([2, 3, 3, 4])
    kind = rng.choice("things things rooms alibi alibi blood blood".split())
    return told_clues(rng, kind, rng.sample(SUSPECTS if kind in ONE_HOP else NAMES, count), conclude=True)


def witnesses(rng):
    """Who has no alibi, or holds something bloody, without a word about murder: with all names."""
    return told_clues(rng, rng.choice(ONE_HOP), rng.sample(NAMES, rng.choice([2, 3, 4])), conclude=False)


def testimony(rng):
    """The same, and some of these begin their sentences with capital letters, as some mysteries do."""
    return witnesses(rng)


def told_clues(rng, kind, names, conclude):
    """Sentences and questions about these names. conclude: some questions are who the murderer was."""
    count = len(names)
    roles = rng.sample(ROLES, count)
    things, rooms = rng.sample(WEAPONS + THINGS, count), rng.sample(ROOMS, count)
    guilty = rng.randrange(count)
    sentences, questions = [], []
    for number, (name, role) in enumerate(zip(names, roles)):
        who = rng.choice([name, f"{name} the {role}", f"{name}, the {role},"])
        made = clue(rng, kind, who, name, things[number], rooms[number], number == guilty, conclude)
        sentences.append(made[0])
        questions += made[1]
    rng.shuffle(sentences)
    rng.shuffle(questions)
    if rng.random() < 0.5:
        sentences = with_fillers(rng, sentences, names)
    return sentences + questions[: max(1, count - 2)]


def clue(rng, kind, who, name, thing, room, guilty, conclude):
    """One sentence about one person, and the question it answers, if any."""
    if kind == "things":
        verb = rng.choice(["had", "carried", "held", "owned", "kept"])
        asked = [f"the {thing}", f"who {verb} the {thing}?", f"who had the {thing}?"]
        return f"{who} {verb} a {thing}.", [f"{rng.choice(asked)} {answer(name)}."]
    if kind == "rooms":
        said = rng.choice([f"{who} was in the {room} all night.", f"{who} was seen in the {room}."])
        return said, [f"{rng.choice([f'the {room}', f'who was in the {room}?'])} {answer(name)}."]
    if kind == "alibi":
        if not guilty:
            return good_alibi(rng, who, room), []
        asked = ["no alibi", "who had no alibi?"] + [CONCLUSION.strip()] * conclude
        return no_alibi(rng, who, name), [f"{rng.choice(asked)} {answer(name)}."]
    asked = ["bloody", f"who held the bloody {thing}?"] + [CONCLUSION.strip()] * 2 * conclude
    return held_thing(rng, who, thing, guilty), [f"{rng.choice(asked)} {answer(name)}."] if guilty else []


def with_fillers(rng, sentences, names):
    """The sentences with fillers after some of them."""
    filled = []
    for sentence in sentences:
        filled.append(sentence)
        if rng.random() < 0.35:
            filled.append(rng.choice(PERSON_FILLERS).format(rng.choice(names)))
        elif rng.random() < 0.2:
            filled.append(rng.choice(FILLERS))
    return filled
