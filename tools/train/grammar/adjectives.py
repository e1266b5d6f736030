"""Adjectives and their nouns: telegraphic lists, echoes, lists and stories."""

from . import heldout
from .nouns import attribute_question, direct_question, entities, full_question, in_order, phrase
from .words import (
    ADVERBS, COMPOUNDS, MEETS, MOODS, MOVES, NAMES, PLACES, SORTS, answer, with_a, with_determiner,
)

HOMES = ["house", "castle", "town"]


def telegraphic(rng):
    """A list without separators ("fluffy blue dog scaly lion. dog fluffy blue."): the word after a noun
    belongs to the next noun, so the noun itself has to carry what is known about it."""
    return telegraphic_list(rng, 0.3, telegraphic_item)


def crowded(rng):
    """The same with many nouns that stand before nouns ("fluffy garden dog town village lion"), so that
    being near a noun does not make a word its adjective."""
    return telegraphic_list(rng, 0.8, crowded_item)


def telegraphic_list(rng, bare_share, item):
    """A list of items without separators, then questions about most of them. bare_share: how many of the
    nouns without adjectives stay in the list."""
    while True:
        _, made = entities(rng, rng.choice([2, 3, 3, 4, 4, 5]))
        style = rng.random()
        made = [entity for entity in made if entity[1] or rng.random() < bare_share]
        if len(made) > 1 and any(adjectives for _, adjectives in made):
            break
    listed = " ".join(item(rng, noun, adjectives, style) for noun, adjectives in made)
    asked = [entity for entity in made if entity[1]]
    rng.shuffle(asked)
    # Never all of them: the last answers would follow by elimination.
    questions = [telegraphic_question(rng, *entity) for entity in asked[: max(1, len(asked) - 2)]]
    return [listed + ".", rng.choice([". ", ", "]).join(questions) + "."]


def telegraphic_item(rng, noun, adjectives, style):
    """One noun of a telegraphic list, with adverbs or a compound noun in some lists."""
    words = []
    for _, adjective in adjectives:
        if style < 0.35 and rng.random() < 0.35:
            words.append(rng.choice(ADVERBS))
        words.append(adjective)
    if style > 0.8 and rng.random() < 0.3 and adjectives:
        words.append(rng.choice([word for word in COMPOUNDS if word != noun]))
    return " ".join(words + [noun])


def crowded_item(rng, noun, adjectives, style):
    """One noun with adjectives, some joined by "and", or with one or two compound nouns instead."""
    compounds = rng.sample([word for word in COMPOUNDS if word != noun], 2)
    joint = " " if style < 0.6 else ", " if style < 0.8 else " and "
    if not adjectives:
        return joint.join(compounds[: rng.choice([1, 2])]) + " " + noun
    adverbs = [rng.choice(ADVERBS) + " " if rng.random() < 0.15 else "" for _ in adjectives]
    listed = joint.join(adverb + adjective for adverb, (_, adjective) in zip(adverbs, adjectives))
    return " ".join([listed] + compounds[: int(rng.random() < 0.4)] + [noun])


def far(rng):
    """The same with up to three nouns between the adjectives and their noun ("fluffy town park garden dog")."""
    return telegraphic_list(rng, 0.8, far_item)


def far_lists(rng):
    """Such noun phrases in comma lists or sentences ("the castle town dog, a fluffy field lion")."""
    while True:
        sort, made = entities(rng, rng.choice([2, 2, 3, 3, 4]))
        made = [(noun, adjectives if rng.random() < 0.7 else []) for noun, adjectives in made]
        asked = [entity for entity in made if entity[1]]
        if asked:
            break
    style = rng.random()
    sentences = list_sentences(rng, sort, [far_item(rng, *entity, style) for entity in made])
    rng.shuffle(asked)
    return sentences + [direct_question(rng, *entity) for entity in asked[: max(1, len(made) - 2)]]


def far_item(rng, noun, adjectives, style):
    """One noun with adjectives and up to three compound nouns, or with compound nouns alone."""
    if not adjectives:
        return crowded_item(rng, noun, adjectives, style)
    joint = " " if style < 0.6 else ", " if style < 0.8 else " and "
    listed = joint.join(adjective for _, adjective in adjectives)
    between = rng.sample([word for word in COMPOUNDS if word != noun], rng.choice([0, 0, 0, 1, 1, 2, 3]))
    return " ".join([listed] + between + [noun])


def unknown(rng):
    """Lists in which some nouns lack what others have: asked for it, the answer is "nobody knew". So what
    stands near a noun must not pass for its adjectives."""
    while True:
        sort, made = entities(rng, rng.choice([2, 2, 3, 3, 4]))
        made = [(noun, some_of(rng, adjectives)) for noun, adjectives in made]
        known = [(noun, *pair) for noun, adjectives in made for pair in adjectives]
        missing = missing_facts(made)
        if known and missing:
            break
    style, item = rng.random(), rng.choice([telegraphic_item, far_item, far_item])
    if rng.random() < 0.4:
        sentences = [" ".join(item(rng, *entity, style) for entity in made) + "."]
    else:
        texts = [far_item(rng, *e, style) if item is far_item else phrase(rng, *e) for e in made]
        sentences = list_sentences(rng, sort, texts)
    return sentences + questions_of_both(rng, known, missing)


def asked(rng):
    """Sentences with animals and places ("a fluffy blue dog roamed the verdant forest"); each of their
    adjectives is asked for alone, in any order, so that a noun needs all of them alike."""
    sentences, known, made = [], [], []
    for _ in range(rng.choice([1, 1, 2])):
        animal, place = draw_noun(rng, "animal", made), draw_noun(rng, "place", made)
        made += [animal, place]
        first, second = (with_determiner(rng, plain_phrase(rng, *entity)) for entity in (animal, place))
        sentences.append(f"{first} {rng.choice(MOVES)} {second}.")
    known = [(noun, *pair) for noun, adjectives in made for pair in adjectives]
    return sentences + questions_of_both(rng, known, missing_facts(made), every=True)


def homes(rng):
    """The same with houses, castles and towns as places that have adjectives, and with many animals that
    have nothing but nouns before them ("the house town dog left the dark castle"): words that stand mostly
    before nouns are no adjectives for that."""
    made, sentences = [], []
    for _ in range(rng.choice([1, 1, 2])):
        animal = draw_noun(rng, "animal", made)
        animal = (animal[0], animal[1] if rng.random() < 0.45 else [])
        place = draw_noun(rng, "place", made, HOMES if rng.random() < 0.7 else PLACES)
        made += [animal, place]
        texts = [with_determiner(rng, phrase(rng, *e) if e[1] else led_by_nouns(rng, e[0])) for e in (animal, place)]
        sentences.append(f"{texts[0]} {rng.choice(MOVES)} {texts[1]}.")
    known = [(noun, *pair) for noun, adjectives in made for pair in adjectives]
    missing = [(noun, c) for noun, adjectives in made[::2] for c in SORTS["animal"][1] if c not in dict(adjectives)]
    return sentences + questions_of_both(rng, known, missing, every=True)


def led_by_nouns(rng, noun):
    """A noun after one or two compound nouns."""
    compounds = rng.sample([word for word in COMPOUNDS if word != noun], rng.choice([1, 1, 2]))
    return rng.choice([" ", " ", ", ", " and "]).join(compounds) + " " + noun


def draw_noun(rng, sort, made, among=None):
    """A noun of a sort that is not yet in the text, with up to three adjectives, most often two."""
    nouns, categories = SORTS[sort]
    noun = rng.choice([noun for noun in among or nouns if noun not in [other for other, _ in made]])
    size = min(len(categories), rng.choices([0, 1, 2, 3], [0.12, 0.25, 0.5, 0.13])[0])
    chosen = rng.sample(categories, size)
    return noun, [(category, rng.choice(heldout.adjectives_for(category, noun))) for category in chosen]


def plain_phrase(rng, noun, adjectives):
    """A noun phrase with nothing between the adjectives most of the time; a noun without adjectives
    often has compound nouns before it."""
    if not adjectives:
        count = rng.choice([0, 1, 1, 2, 2])
        return " ".join(rng.sample([word for word in COMPOUNDS if word != noun], count) + [noun])
    return phrase(rng, noun, adjectives, rng.random() < 0.25)


def some_of(rng, adjectives):
    """All, one or none of a noun's adjectives."""
    draw = rng.random()
    if draw < 0.35 or not adjectives:
        return []
    return adjectives if draw > 0.6 else [rng.choice(adjectives)]


def missing_facts(made):
    """The nouns, each with a category in which another noun of its sort has an adjective and it has none."""
    missing = []
    for noun, adjectives in made:
        own = {category for category, _ in adjectives}
        sort = next(sort for sort, (nouns, _) in SORTS.items() if noun in nouns)
        others = {category for _, pairs in made for category, _ in pairs}
        missing += [(noun, category) for category in SORTS[sort][1] if category in others - own]
    return missing


def questions_of_both(rng, known, missing, every=False):
    """Questions that the text answers and some that it does not, in any order. every: all that it answers."""
    chosen = known if every else rng.sample(known, min(len(known), rng.choice([1, 1, 2])))
    questions = [attribute_question(rng, *fact) for fact in chosen]
    questions += [unanswered(rng, *fact) for fact in rng.sample(missing, min(len(missing), rng.choice([0, 1] if every else [1, 1, 2])))]
    rng.shuffle(questions)
    return questions


def unanswered(rng, noun, category):
    """A question about an adjective that a noun does not have."""
    if category == "mood" and rng.random() < 0.5:
        return f"so the {noun} {answer('said nothing')}."
    question = {
        "colour": f"what colour was the {noun}?",
        "texture": f"how did the {noun} feel?",
        "size": f"how big was the {noun}?",
        "mood": f"what did the {noun} do?",
        "place": f"what was in the {noun}?",
        "material": f"what was the {noun} made of?",
    }[category]
    return f"{question} {answer('nobody knew')}."


def telegraphic_question(rng, noun, adjectives):
    """A question about one noun of a telegraphic list, without its full stop."""
    adjective, draw = rng.choice(adjectives)[1], rng.random()
    if draw < 0.5:
        return f"{noun} {answer(' '.join(in_order(adjectives)))}"
    if draw < 0.7:
        return f"{adjective} {answer(noun)}"
    if draw < 0.78:
        return rng.choice([f"what was {adjective}? the {answer(noun)}", f"the {adjective} one was the {answer(noun)}"])
    return attribute_question(rng, noun, *rng.choice(adjectives)).rstrip(".")


def echo(rng):
    """The adjectives are said again right after their noun, in a fixed order."""
    _, made = entities(rng, rng.choice([1, 2, 3]))
    varied, as_story, sentences = rng.random() < 0.8, rng.random() < 0.5, []
    for noun, adjectives in made:
        moods = [adjective for category, adjective in adjectives if category == "mood"]
        text = phrase(rng, noun, adjectives, varied)
        if moods and as_story:
            end = rng.choice([".", f" in the {rng.choice(PLACES)}."])
            sentences.append(f"{with_determiner(rng, text)} {answer(MOODS[moods[0]])}{end}")
        elif adjectives and as_story:
            sentences.append(f"{with_determiner(rng, text)} {rng.choice(MOVES)} the {rng.choice(PLACES)}.")
        else:
            again = " " + answer(" ".join(in_order(adjectives))) if adjectives else ""
            sentences.append(f"the {text}{again}.")
    return sentences


def lists(rng):
    """Nouns in one list or in a sentence each, then questions."""
    while True:
        sort, made = entities(rng, rng.choice([2, 2, 3, 3, 4, 5]))
        asked = [entity for entity in made if entity[1]]
        if asked:
            break
    varied = rng.random() < 0.8
    texts = [phrase(rng, noun, adjectives, varied) for noun, adjectives in made]
    sentences = list_sentences(rng, sort, texts)
    rng.shuffle(asked)
    asked = asked[: max(1, len(asked) - 2)]
    if rng.random() >= 0.7:
        return sentences + [full_question(rng, *entity) for entity in asked]
    questions = [direct_question(rng, *entity) for entity in asked]
    if len(sentences) == 1 and rng.random() < 0.3:
        questions = [", ".join(question.rstrip(".") for question in questions) + "."]
    return sentences + questions


def list_sentences(rng, sort, texts):
    """Noun phrases as a list, as "there was ...", as what somebody saw, or as short sentences."""
    form = rng.randrange(5)
    if form == 0:
        return [", ".join("the " + text for text in texts) + "."]
    if form == 1:
        return [", ".join(with_a(text) for text in texts) + "."]
    if form == 2:
        return [f"there was {with_a(text)}." for text in texts]
    if form == 3:
        seen = " and ".join(with_determiner(rng, text) for text in texts)
        return [f"{rng.choice(NAMES)} {rng.choice(['saw', 'found', 'liked', 'had'])} {seen}."]
    sentences = []
    for text, place in zip(texts, rng.sample(PLACES, len(texts))):
        verb = rng.choice(MOVES) if sort == "animal" else "was near"
        sentences.append(f"{with_determiner(rng, text)} {verb} the {place}.")
    return sentences


class Story:
    """Two or three competing animals in sentences. Most stories mention an animal again next to another
    one's adjectives, so that pointing back at a mention and taking the adjectives near it fails: the
    mention itself has to hold them."""

    def __init__(self, rng):
        self.rng = rng
        self.animals = self.draw_animals()
        self.texts = [phrase(rng, noun, adjectives, rng.random() < 0.4) for noun, adjectives in self.animals]
        self.places = rng.sample(PLACES, len(self.animals))
        self.landscapes = [self.draw_landscape(place) for place in self.places]
        self.visited = []
        self.sentences = []

    def draw_animals(self):
        """Two or three animals with at least one adjective each."""
        while True:
            sort, made = entities(self.rng, self.rng.choice([2, 2, 3]), at_least=1)
            made = [entity for entity in made if entity[1]]
            if sort == "animal" and len(made) > 1:
                return made

    def draw_landscape(self, place):
        """An adjective for a place, or none."""
        if self.rng.random() < 0.6:
            return self.rng.choice(heldout.adjectives_for("place", place))
        return ""

    def where(self, number):
        """Goes to a place: " roamed the snowy valley."."""
        self.visited.append(number)
        place = (self.landscapes[number] + " " + self.places[number]).strip()
        verb = self.rng.choice(MOVES)
        return self.rng.choice([f" {verb} the {place}.", f" lived in {with_a(place)}.", f" {verb} {with_a(place)}."])

    def animal(self, number):
        """The noun phrase of an animal, with "a" or "the"."""
        return with_determiner(self.rng, self.texts[number])

    def meeting(self):
        """Two animals are mentioned again without adjectives."""
        first, second = self.rng.sample([noun for noun, _ in self.animals], 2)
        self.sentences.append(f"the {first} {self.rng.choice(MEETS)} the {second}.")

    def tell_apart(self):
        """Every animal has its own sentence."""
        for number in range(len(self.animals)):
            self.sentences.append(self.animal(number) + self.where(number))

    def tell_together(self):
        """All animals are the subject of one sentence."""
        all_of_them = [self.animal(number) for number in range(len(self.animals))]
        joint = " and " if len(all_of_them) == 2 or self.rng.random() < 0.5 else ", "
        subject = joint.join(all_of_them[:-1]) + " and " + all_of_them[-1]
        self.sentences.append(subject + self.where(0))
        if self.rng.random() < 0.5:
            self.meeting()

    def tell_with_mentions(self):
        """Every new animal meets one that is known."""
        rng = self.rng
        self.sentences.append(self.animal(0) + self.where(0))
        for number in range(1, len(self.animals)):
            known, new = self.animals[rng.randrange(number)][0], self.animal(number)
            form = rng.randrange(3)
            if form == 0:
                self.sentences.append(f"the {known} {rng.choice(MEETS)} {new}.")
            elif form == 1:
                self.sentences.append(f"{new} {rng.choice(MEETS)} the {known}.")
            else:
                self.sentences.append(f"the {known} and {new}" + self.where(number))
        if rng.random() < 0.5:
            self.meeting()

    def questions(self):
        """Questions about all animals but one, and about some places."""
        rng = self.rng
        asked = [full_question(rng, *entity) for entity in self.animals]
        rng.shuffle(asked)
        asked = asked[: max(1, len(asked) - 1)]
        for number in self.visited:
            if self.landscapes[number] and rng.random() < 0.8:
                asked.append(attribute_question(rng, self.places[number], "place", self.landscapes[number]))
        rng.shuffle(asked)
        return asked


def stories(rng):
    """A story about competing animals, then full questions."""
    story = Story(rng)
    tell = rng.choices([story.tell_apart, story.tell_together, story.tell_with_mentions], [0.22, 0.28, 0.5])[0]
    tell()
    story.sentences[0] = rng.choice(["", "", "", "one day ", "once upon a time "]) + story.sentences[0]
    return story.sentences + story.questions()
