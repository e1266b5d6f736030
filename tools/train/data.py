"""From documents to batches: tokens, answer weights, packing into rows. Every chunk of batches follows
from (seed, phase, chunk number) alone, so a resumed run sees what an uninterrupted one would have seen."""

import multiprocessing
import random
import re
from queue import Empty, Full

import numpy as np

import grammar

STEPS_PER_CHUNK = 50
LONG_ROW = 256  # rows for documents of more than LONG_DOCUMENT tokens
LONG_DOCUMENT = 110
DOCUMENTS_AT_A_TIME = 3000
GAP = 12  # a row with at most this much room left is closed with a cut document
RANDOM_REPEATS = 0.03  # share of documents that are random token ids said two or three times

PIECE = re.compile(r" ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+")
MARK = re.compile("([\x01\x02])")


class Encoder:
    """Turns marked documents into token ids and loss weights. Words are pre-tokenized alone by the
    tokenizer, so every piece is encoded once and remembered."""

    def __init__(self, tokenizer, answer_weight):
        self.tokenizer = tokenizer
        self.answer_weight = answer_weight
        self.known = {}

    def piece(self, text):
        """The token ids of one pre-token."""
        if text not in self.known:
            self.known[text] = self.tokenizer.encode(text).ids
        return self.known[text]

    def __call__(self, document):
        """Token ids and weights; what stands between the marks \\x01 and \\x02 weighs answer_weight."""
        marks, plain, inside = [], [], False
        for part in MARK.split(document):
            if part in ("\x01", "\x02"):
                inside = part == "\x01"
                continue
            marks += [inside] * len(part)
            plain.append(part)
        text = "".join(plain)
        ids, weights = [], []
        for match in PIECE.finditer(text):
            tokens = self.piece(match.group())
            ids += tokens
            weights += [self.answer_weight if marks[match.end() - 1] else 1.0] * len(tokens)
        return ids, weights


def repeatable(tokenizer):
    """All token ids but the nouns of held-out pairs, which must not meet their adjectives by chance."""
    nouns = {word for noun in grammar.heldout.NOUNS for word in (noun, noun.capitalize())}
    banned = {tokenizer.token_to_id(start + word) for word in nouns for start in ("", "\u0120")}
    return [k for k in range(1, tokenizer.get_vocab_size()) if k not in banned]


def random_repeat(rng, tokens, longest):
    """Random token ids, said two or three times: induction on tokens of every kind."""
    count = rng.choice([rng.randint(3, 10), rng.randint(4, 40)])
    ids = [rng.choice(tokens) for _ in range(count)]
    return (ids * rng.choice([2, 2, 3]))[:longest]


def pack(documents, length):
    """Packs documents into rows of length+1 tokens that start with a document; a document that does
    not fit waits for a later row."""
    rows, row, waiting = [], [], []
    size = length + 1
    for document in documents:
        waiting.append(document)
        if len(waiting) < 24:
            continue
        while True:
            room = size - len(row)
            fitting = next((k for k, d in enumerate(waiting) if len(d) <= room), None)
            if fitting is None and row and room > GAP and len(waiting) < 48:
                break
            row = row + waiting.pop(0 if fitting is None else fitting)
            if len(row) >= size - 1:
                rows.append((row + [row[-1]])[:size])
                row = []
            if len(waiting) < 24:
                break
    return rows


def chunk(seed, phase, number, tokenizer):
    """The batches of STEPS_PER_CHUNK steps: arrays [rows, length+1, 2] of ids and weights."""
    rng = random.Random(f"{seed}/{phase.name}/{number}")
    encode = Encoder(tokenizer, phase.answer_weight)
    end = tokenizer.token_to_id("<|endoftext|>")
    tokens = repeatable(tokenizer)
    short, long, made = [], [], []
    while len(made) < STEPS_PER_CHUNK:
        for _ in range(DOCUMENTS_AT_A_TIME):
            if rng.random() < RANDOM_REPEATS:
                ids = random_repeat(rng, tokens, phase.row - 1)
                weights = [1.0] * len(ids)
            else:
                ids, weights = encode(grammar.document(rng, phase.mix))
            document = list(zip(ids + [end], weights + [1.0]))
            (long if phase.long_rows and len(document) > LONG_DOCUMENT else short).append(document)
        made = cut(pack(short, phase.row), phase.row, phase.tokens) + cut(join(long, LONG_ROW), LONG_ROW, phase.tokens)
    rng.shuffle(made)
    return made[:STEPS_PER_CHUNK]


def cut(rows, length, tokens):
    """Rows as batches of so many tokens."""
    count = tokens // length
    return [np.array(rows[k : k + count], dtype=np.float32) for k in range(0, len(rows) - count + 1, count)]


def join(documents, length):
    """Long documents one after the other, cut into rows that each start with a document."""
    rows, row = [], []
    for document in documents:
        row = row + document
        if len(row) > length:
            rows.append(row[: length + 1])
            row = []
    return rows


def _produce(queue, seed, phase, first, last, tokenizer_json):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(tokenizer_json)
    for number in range(first, last):
        made = chunk(seed, phase, number, tokenizer)
        while True:
            try:
                queue.put(made, timeout=5)
                break
            except Full:
                if not multiprocessing.parent_process().is_alive():
                    queue.cancel_join_thread()  # nobody will read what is left
                    return


def batches(seed, phase, first_step, tokenizer):
    """Yields the batches of a phase from first_step on; a second process makes them ahead of time."""
    first = first_step // STEPS_PER_CHUNK
    last = -(-phase.steps // STEPS_PER_CHUNK)
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=2)
    job = (queue, seed, phase, first, last, tokenizer.to_str())
    producer = context.Process(target=_produce, args=job, daemon=True)
    producer.start()
    skip = first_step % STEPS_PER_CHUNK
    for number in range(first, last):
        while True:
            try:
                made = queue.get(timeout=5)
                break
            except Empty as error:
                if not producer.is_alive():
                    raise RuntimeError("the process that makes the batches ended early") from error
        for batch in made[skip:]:
            yield batch
        skip = 0
    producer.join()
