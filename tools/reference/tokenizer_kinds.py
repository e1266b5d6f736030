#!/usr/bin/env python3
"""Writes what the Hugging Face `tokenizers` package makes of some thousand texts, for every kind of tokenizer.

The tests of internal/model/tokenizer compare ids and ranges. Each kind is a small tokenizer built the way the
models of its family build theirs. Needs `tokenizers` (0.23.3), and for the table of characters that T5's
normalizer uses, `sentencepiece` (0.2.3) with `protobuf`. Everything is seeded: two runs write the same bytes.

    python tools/reference/tokenizer_kinds.py --out testdata/tokenizer

writes kinds.json.gz, the tokenizers by name; kinds.jsonl.gz, a line per text with the ids and the ranges that
each of them gives; parts.jsonl.gz, normalizers, pre-tokenizers and decoders one by one; and characters.json.gz,
what the reference knows about every code point.
"""

import argparse
import base64
import gzip
import io
import json
import pathlib
import random

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizer_goldens import ADDED, CONTRACTIONS, EMOJI, LANGUAGES, SENTENCES, SPACES, SYMBOLS, mixed_texts, random_texts, ranges, write_lines

SEED = 20240818

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + ENDINGS,
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + ENDINGS,
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])
DEEPSEEK = [
    r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
]
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
KIMI = "|".join([
    r"[\p{Han}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+" + ENDINGS,
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*" + ENDINGS,
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])
BLOOM = " ?[^(\\s|[.,!?…。，、।۔،])]+"

TROUBLE = [
    "ﬁne ﬂour ﷺ ① ² ℌ ｶﾞ ﾊﾟ Å Å Å", "e\u0301\u0323 e\u0323\u0301 \u1e69 s\u0323\u0307 s\u0307\u0323", "각 각 ᄀ ᆨ", "İstanbul ISTANBUL ẞ ǅ Σίσυφος ΌΣΟΣ",
    "a\u0301\u0300b \u0301c", "\u0344 \u0390 ΐ ΰ", "①\u0301②", "\u200b\u200bzero", "\u00adsoft", "\x01\x02control\x03", "a\x00b", "x\u2028y\u2029z",
    "½ ¼ ⅓ Ⅷ ㎏ ㍿ ™ …", "𝓗𝓮𝓵𝓵𝓸 𝟙𝟚𝟛", "ｆｕｌｌ　ｗｉｄｔｈ", "क़ ख़ ड़", "\u0958", "שּׁ", "\ufb2c", "ﬃﬄ", "①②③", "Ǆ ǆ", "ſ ẛ ẛ\u0323", "K Ω Å", "`\u0300", "«»‹›“”„‟",
    "\r\n\r\n", "a\r\nb", "  leading", "trailing  ", " both ", "a  b   c", "▁▁", "▁a", "a▁b", " ▁ a", "\u3000全角 空白", "<unk>", "<s> x </s>", "<0x41>", "##ing", "[CLS] a [SEP]",
    "<mask>", "a <mask> b", "a<mask>b", "  <mask>  ", "user@host.com", "Hello<sep>World", "HELLO<SEP>World", "1234567", "12 345 6789", "v1.2.3", "a1b22c333", "٣٤٥", "x²y³", "１２３",
    "don't DON'T we'LL 'S", "CamelCaseWord XMLHttpRequest", "naïve café résumé", "Zürich ÀÉÎÕÜ", "日本語テキスト", "漢字とかな", "中文English混排", "한국어 텍스트", "ไทย", "हिन्दी", "русский ТЕКСТ",
    "\U0001f600\U0001f3fd", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "\ue000", "\ufffd", "\U00020000", "x\u0334\u0301y", "\u0300\u0301", "\u1e9b\u0323", "a\u05b0\u05bcb",
]


def texts():
    """Every text, the same for all kinds."""
    rng = random.Random(SEED)
    paragraphs = list(LANGUAGES.values())
    words = " ".join(SENTENCES + paragraphs).split(" ")
    long = ["a" * 300, "ab" * 200, " " * 120, "é" * 150, "語" * 120, "x" + " " * 50 + "y", "1" * 77, "!" * 77, "\n" * 30, "the" * 90, "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2]
    every = [*SENTENCES, *CONTRACTIONS, *SPACES, *SYMBOLS, *EMOJI, *ADDED, *TROUBLE, *paragraphs, *long, *mixed_texts(200), *random_texts(300)]
    pool = [*CONTRACTIONS, *SPACES, *SYMBOLS, *EMOJI, *TROUBLE]
    while len(dict.fromkeys(every)) < 2070:
        n = rng.randint(1, 6)
        every.append("".join(rng.choice(pool) if rng.random() < 0.4 else rng.choice(words) + rng.choice(["", " ", "  ", "\n"]) for _ in range(n)))
    return [t for t in dict.fromkeys(every) if len(t) < 400]


def training():
    return [*LANGUAGES.values(), *SENTENCES, *CONTRACTIONS]


def trained(tokenizer, trainer):
    tokenizer.train_from_iterator(training(), trainer)
    return tokenizer


def byte_bpe(pre, size=700, special=("<|endoftext|>",), **options):
    """A byte-level BPE."""
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=1, show_progress=False, special_tokens=list(special), initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    return trained(tokenizer, trainer)


def split_bytes(*patterns, behavior="isolated"):
    splits = [pre_tokenizers.Split(Regex(p), behavior) for p in patterns]
    return pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def changed(tokenizer, change):
    """The tokenizer with its file changed."""
    spec = json.loads(tokenizer.to_str())
    change(spec)
    return Tokenizer.from_str(json.dumps(spec))


def whole_words(tokenizer, words):
    """Adds words to the vocabulary that no merge makes, for ignore_merges to find."""

    def change(spec):
        vocab = spec["model"]["vocab"]
        for word in words:
            vocab.setdefault(word, len(vocab))

    return changed(tokenizer, change)


BYTES = [f"<0x{b:02X}>" for b in range(256)]


def char_bpe(normalizer, pre, decoder, fallback=True, size=900, special=("<unk>", "<s>", "</s>"), fuse=True, **options):
    """A BPE of characters, as SentencePiece's, with tokens for bytes."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=fuse, byte_fallback=fallback, **options))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre:
        tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoder
    # Trained on words, as SentencePiece does, and limited to the letters of some scripts: the others are unknown.
    bytes_too = list(BYTES) if fallback else []
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=2, show_progress=False, special_tokens=[*special, *bytes_too], limit_alphabet=150)
    own = tokenizer.pre_tokenizer
    if own is None:
        tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trained(tokenizer, trainer)

    def change(spec):
        spec["added_tokens"] = [t for t in spec["added_tokens"] if not t["content"].startswith("<0x")]
        if fallback:
            spec["model"]["merges"] = all_merges(spec["model"])
        if own is None:
            spec["pre_tokenizer"] = None

    return changed(tokenizer, change)


def all_merges(model):
    """Every way to make each token, as transformers writes them for a SentencePiece model, which has only tokens."""
    made = dict.fromkeys("".join(pair) for pair in model["merges"])
    return [[token[:i], token[i:]] for token in made for i in range(1, len(token)) if token[:i] in model["vocab"] and token[i:] in model["vocab"]]


def unigram(normalizer, pre, fallback=False, size=800, special=("<pad>", "</s>", "<unk>")):
    tokenizer = Tokenizer(models.Unigram())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=size, show_progress=False, special_tokens=list(special), unk_token="<unk>", max_piece_length=12)
    trained(tokenizer, trainer)

    def change(spec):
        # Rare characters go, so that there are unknown ones; equal scores go, so that the best way is one.
        vocab = [piece for piece in spec["model"]["vocab"] if len(piece[0]) > 1 or piece[0] < "\u0600" or piece[0] == "▁"]
        for i, piece in enumerate(vocab):
            piece[1] = round(piece[1] - i * 1e-5, 6) if i >= len(special) else 0.0
        if fallback:
            vocab += [[b, -20.0] for b in BYTES]
            spec["model"]["byte_fallback"] = True
            spec["decoder"] = json.loads(decoders_json(decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])))
        spec["model"]["vocab"] = vocab

    return changed(tokenizer, change)


def decoders_json(decoder):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.decoder = decoder
    return json.dumps(json.loads(tokenizer.to_str())["decoder"])


def word_piece(lowercase, size=900):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=1, show_progress=False, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], limit_alphabet=300)
    trained(tokenizer, trainer)
    if lowercase:
        tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    else:
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def nmt_nfkc():
    """SentencePiece's own table of characters, which it puts into every model that it trains."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b c d e"] * 50), model_writer=out, vocab_size=9, minloglevel=3)
    model = sentencepiece_model_pb2.ModelProto.FromString(out.getvalue())
    return model.normalizer_spec.precompiled_charsmap


def roberta():
    tokenizer = byte_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False), special=("<s>", "<pad>", "</s>", "<unk>"))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.add_tokens([AddedToken("queen", single_word=True), AddedToken("<sep>", rstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    return tokenizer


def t5(charsmap, fallback=False):
    steps = [normalizers.Precompiled(charsmap), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]
    tokenizer = unigram(normalizers.Sequence(steps), pre_tokenizers.Metaspace(prepend_scheme="always"), fallback)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    return tokenizer


def llama2():
    decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer = char_bpe(normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), None, decoder)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return tokenizer


def gemma():
    decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer = char_bpe(normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous"), decoder, special=("<pad>", "<eos>", "<bos>", "<unk>"))
    tokenizer.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("▁▁", normalized=False), AddedToken("<b>", normalized=False)])
    return tokenizer


def clip():
    normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, pre, decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=1000, min_frequency=1, show_progress=False, end_of_word_suffix="</w>", initial_alphabet=alphabet, special_tokens=["<|startoftext|>", "<|endoftext|>"])
    return trained(tokenizer, trainer)


def prefixed():
    """A BPE of characters that marks what goes on, as XLM's and some Chinese ones do."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", continuing_subword_prefix="##"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("isolated")])
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    trainer = trainers.BpeTrainer(vocab_size=900, min_frequency=1, show_progress=False, special_tokens=["[UNK]"], continuing_subword_prefix="##", limit_alphabet=120)
    return trained(tokenizer, trainer)


def falcon():
    steps = [pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")]
    return byte_bpe(pre_tokenizers.Sequence(steps))


def kinds():
    """The tokenizers, by name."""
    charsmap = nmt_nfkc()
    nfc = byte_bpe(split_bytes(QWEN2))
    nfc.normalizer = normalizers.NFC()
    llama3 = changed(whole_words(byte_bpe(split_bytes(LLAMA3), special=("<|begin_of_text|>", "<|end_of_text|>")), ["Ġforest", "Ġcreature", "forest", "é", "'S", "123", "Ġqueen"]), lambda spec: spec["model"].update(ignore_merges=True))
    llama3.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|> $B", special_tokens=[("<|begin_of_text|>", 0)])])
    spelled = byte_bpe(pre_tokenizers.Split(Regex(QWEN2), "isolated"), size=400)
    spelled.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.ByteLevel()])
    spelled.pre_tokenizer = None
    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    trims = char_bpe(None, pre_tokenizers.Split(Regex(r"\s*\S+"), "isolated"), decoders.Fuse(), fallback=False, special=("<unk>",), fuse=False)
    trims.post_processor = processors.ByteLevel(trim_offsets=True, add_prefix_space=True)
    nmt = unigram(normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " "), normalizers.Lowercase()]), pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]))
    lower = word_piece(True)
    lower.add_tokens([AddedToken("<SEP>", normalized=True), AddedToken("Zürich", normalized=True, single_word=True)])
    return {
        "gpt2": byte_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False)),
        "roberta": roberta(),
        "llama3": llama3,
        "qwen2": nfc,
        "starcoder": byte_bpe(digits),
        "falcon": falcon(),
        "o200k": byte_bpe(split_bytes(O200K), size=500),
        "cl100k": byte_bpe(split_bytes(CL100K), size=500),
        "deepseek-v3": byte_bpe(split_bytes(*DEEPSEEK), size=500),
        "kimi": byte_bpe(split_bytes(KIMI), size=500),
        "bloom": byte_bpe(split_bytes(BLOOM), size=500),
        "normalizer spells": spelled,
        "llama2": llama2(),
        "gemma": gemma(),
        "clip": clip(),
        "prefixed": prefixed(),
        "trims": trims,
        "t5": t5(charsmap),
        "unigram bytes": t5(charsmap, fallback=True),
        "unigram nmt": nmt,
        "metaspace first": unigram(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), size=1200),
        "bert uncased": lower,
        "bert cased": word_piece(False),
    }


# These differ from others in one thing only, and get a quarter of the texts.
PATTERN_KINDS = {"falcon", "trims", "prefixed", "o200k", "cl100k", "deepseek-v3", "kimi", "bloom", "starcoder", "normalizer spells", "metaspace first", "unigram nmt"}


def pack(offsets):
    """Ranges as the gap to the one before and the length: mostly small numbers, and alike."""
    out, before = [], 0
    for start, end in offsets:
        out += [start - before, end - start]
        before = end
    return out


def shared(spec):
    """The file without the table of characters, which is large and always the same."""
    if isinstance(spec, dict):
        return {key: "@" if key == "precompiled_charsmap" else shared(value) for key, value in spec.items()}
    return [shared(value) for value in spec] if isinstance(spec, list) else spec


def write_kinds(out, every):
    lines = [{"tokenizers": tokenizers.__version__, "texts": len(every), "kinds": len(every[0]["kinds"])}, *every]
    write_lines(out / "kinds.jsonl.gz", lines)


def row(built, text, place):
    """One text with what each kind makes of it. The text back is null where it is the text."""
    kinds = {}
    for name, tokenizer in built.items():
        if name in PATTERN_KINDS and place % 4 > 0:
            continue
        made = tokenizer.encode(text, add_special_tokens=False)
        got = {"i": made.ids, "o": pack(made.offsets)}
        back = tokenizer.decode(made.ids, skip_special_tokens=False) if made.ids else ""
        if back != text and "\ufffd" not in back:
            got["d"] = back
        elif back == text:
            got["d"] = None
        kinds[name] = got
    return {"text": text, "kinds": kinds}


def parts(charsmap):
    """Normalizers and pre-tokenizers one by one, also those that no kind has."""
    n, p = normalizers, pre_tokenizers
    norm = {
        "NFC": n.NFC(), "NFD": n.NFD(), "NFKC": n.NFKC(), "NFKD": n.NFKD(), "Lowercase": n.Lowercase(), "Strip": n.Strip(), "Strip left": n.Strip(right=False),
        "StripAccents": n.StripAccents(), "accents": n.Sequence([n.NFD(), n.StripAccents()]), "Bert": n.BertNormalizer(), "Bert cased": n.BertNormalizer(lowercase=False),
        "Bert accents": n.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False), "Nmt": n.Nmt(), "Precompiled": n.Precompiled(charsmap),
        "Replace": n.Replace("a", "bcd"), "Replace away": n.Replace(Regex("[aeiou]"), ""), "Replace ends": n.Replace(Regex(r"\s+$|^\s+"), "_"), "Prepend": n.Prepend("__"), "ByteLevel": n.ByteLevel(),
        "all": n.Sequence([n.Strip(), n.NFKD(), n.StripAccents(), n.Lowercase(), n.Prepend("▁"), n.Replace(" ", "▁"), n.NFC()]),
    }
    pre = {"ByteLevel": p.ByteLevel(), "ByteLevel whole": p.ByteLevel(use_regex=False), "Metaspace": p.Metaspace(), "Metaspace first": p.Metaspace(prepend_scheme="first"), "Metaspace never": p.Metaspace(prepend_scheme="never"), "Metaspace other": p.Metaspace("_", split=False), "Whitespace": p.Whitespace(), "WhitespaceSplit": p.WhitespaceSplit(), "Bert": p.BertPreTokenizer(), "CharDelimiterSplit": p.CharDelimiterSplit("a"), "Digits": p.Digits(), "Digits one by one": p.Digits(True), "UnicodeScripts": p.UnicodeScripts(), "FixedLength": p.FixedLength(3)}
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        pre[f"Punctuation {behavior}"] = p.Punctuation(behavior)
        for invert in (False, True):
            pre[f"Split {behavior} {invert}"] = p.Split(Regex(r"\s|[aeiou]{2}"), behavior, invert)
            pre[f"Split text {behavior} {invert}"] = p.Split("e", behavior, invert)
    for i, pattern in enumerate(PATTERNS):
        pre[f"pattern {i}"] = p.Split(Regex(pattern), "isolated")
    pre["chain"] = p.Sequence([p.UnicodeScripts(), p.Whitespace(), p.Metaspace(), p.Digits(True), p.ByteLevel(add_prefix_space=True)])
    return norm, pre


PATTERNS = [
    r"(?<=a)b|(?<!e)r|\bw", r"(?i)straße|THE|ſ", r"(?=[A-Z])", r"\d{1,3}(?=(?:\d{3})*\b)", r"[[:alpha:]&&[^a-m]]+", r"[^\W\d_]+", r"a{2,}?|b{,2}c|x{3}", r"(?:a|ab)(?:c|bcd)(?:d*)",
    r"(?>a+)b|\p{^L}\p{Lu}", r"^.|.$", r"\A\s*|\s*\z", r"(?m:a.b)|(?-i:x)", "(?x: [a-f] +  # letters\n | \\  )", r"\p{Greek}+|\p{Cyrillic}+|\p{Han}|\h+", r"[\x41-\x{5A}\u00e9-]+", r"[]a]|[a\-z]|[\]\[]", r"(a*)*b|(|x)+y", r"\S+?\B", r"[\p{P}\$\+<=>\^~\|`]+", r"\s{4}(?!\S)|\s{1,2}(?!\S)|\s",
    r"\P{Ll}++[^\p{L}]*+", r"(?:(?:[^\s]|\s)\s)*?é", LLAMA3, O200K, CL100K, *DEEPSEEK,
]


DECODED = ["a", "b", "▁", "▁c", "_d", "##e", "f</w>", "<0x61>", "<0x7E>", "<pad>", "|", " ", "  x  ", "Ġy", "Ċ", "é", "▁.", " ?", "n't", "'s", "do not", " do not", "x" * 9]


def decoder_parts():
    """Decoders one by one."""
    d = decoders
    return {
        "decoder ByteLevel": d.ByteLevel(), "decoder WordPiece": d.WordPiece(), "decoder WordPiece plain": d.WordPiece("▁", cleanup=False), "decoder Metaspace": d.Metaspace(),
        "decoder Metaspace never": d.Metaspace("_", "never"), "decoder BPE": d.BPEDecoder(), "decoder CTC": d.CTC(), "decoder CTC plain": d.CTC(cleanup=False), "decoder Replace": d.Replace("▁", " "),
        "decoder Replace regex": d.Replace(Regex("[a-c]+"), "<>"), "decoder Strip": d.Sequence([d.Fuse(), d.Strip(" ", 2, 0)]), "decoder Fuse": d.Fuse(), "decoder ByteFallback": d.ByteFallback(),
        "decoder llama": d.Sequence([d.Replace("▁", " "), d.ByteFallback(), d.Fuse(), d.Strip(" ", 1, 0)]), "decoder words": d.Sequence([d.WordPiece(cleanup=False), d.Metaspace()]),
    }


def as_json(part, kind):
    tokenizer = Tokenizer(models.BPE())
    setattr(tokenizer, kind, part)
    return json.loads(tokenizer.to_str())[kind]


def write_parts(out, charsmap, every):
    norm, pre = parts(charsmap)
    rng = random.Random(SEED + 1)
    some = [t for t in every if len(t) < 200]
    rows = []
    for name, part in norm.items():
        # The ranges are seen through a model that knows nothing: one unknown token per character.
        tokenizer = Tokenizer(models.BPE({"?": 0}, [], unk_token="?"))
        tokenizer.normalizer = part
        own = [*TROUBLE, *rng.sample(some, 60)]
        made = []
        for text in dict.fromkeys(own):
            made.append([text, part.normalize_str(text), pack(tokenizer.encode(text).offsets)])
        rows.append({"name": name, "normalizer": shared(as_json(part, "normalizer")), "texts": made})
    for name, part in pre.items():
        own = [*SPACES[::3], *rng.sample(some, 60 if name.startswith("pattern") else 40), *TROUBLE[:40:2]]
        made = []
        for text in dict.fromkeys(own):
            pieces = part.pre_tokenize_str(text)
            made.append([text, [piece for piece, _ in pieces], pack([pair for _, pair in pieces])])
        rows.append({"name": name, "pre_tokenizer": as_json(part, "pre_tokenizer"), "texts": made})
    for name, part in decoder_parts().items():
        lists = [["Hello", "▁world", "!"], ["▁Hello", "▁", "▁▁x"], ["Ġa", "Ã", "©", "Ġb"], ["un", "##believ", "##able", ".", "do", "not", "n't", "'s"], ["<0x41>", "<0xC3>", "<0xA9>", "b"], ["low</w>", "er</w>", "new", "est</w>"], ["h", "h", "<pad>", "e", "l", "<pad>", "l", "|", "|", "o"], ["  a  ", " b", "c "], ["a"]]
        lists += [[rng.choice(DECODED) for _ in range(rng.randint(1, 7))] for _ in range(150)]
        rows.append({"name": name, "decoder": as_json(part, "decoder"), "texts": [[tokens, part.decode(tokens)] for tokens in lists]})
    write_lines(out / "parts.jsonl.gz", rows)
    print(f"parts: {len(rows)}, {sum(len(r['texts']) for r in rows)} texts")


def runs(points):
    """[first, last] pairs."""
    out = []
    for point in points:
        if out and out[-1][1] == point - 1:
            out[-1][1] = point
        else:
            out.append([point, point])
    return out


CLASSES = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Co Cn Han Hiragana Katakana Thai Hangul Alpha Alnum Word Space Digit XDigit".split()


def characters():
    """What the reference knows about every code point."""
    n, p = normalizers, pre_tokenizers
    points = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    out = {"classes": {name: ranges(r"\p{%s}" % name) for name in CLASSES}}
    out["classes"]["word outside"] = ranges(r"\w")
    bert = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    gone = {"mark": n.StripAccents(), "control": n.BertNormalizer(**bert | {"clean_text": True}), "accent": n.BertNormalizer(**bert | {"strip_accents": True})}
    for name, part in gone.items():
        out[name] = runs([c for c in points if part.normalize_str("a" + chr(c) + "b") == "ab"])
    parted = {"punctuation": p.Punctuation("isolated"), "number": p.Digits(True)}
    for name, part in parted.items():
        out[name] = runs([c for c in points if len(part.pre_tokenize_str("a" + chr(c) + "b")) == 3])
    white, word = p.WhitespaceSplit(), p.Whitespace()
    out["white"] = runs([c for c in points if len(white.pre_tokenize_str("a" + chr(c) + "b")) == 2])
    out["word"] = runs([c for c in points if len(word.pre_tokenize_str("a" + chr(c) + "b")) == 1])
    for name in ("Lowercase", "NFC", "NFD", "NFKC", "NFKD"):
        part = getattr(n, name)()
        changed = {c: part.normalize_str(chr(c)) for c in points}
        out[name] = {f"{c:X}": s for c, s in changed.items() if s != chr(c) and not 0xAC00 <= c <= 0xD7A3}
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the folder to write to")
    parser.add_argument("--only", help="one of kinds, parts, characters")
    args = parser.parse_args()
    every = texts()
    print(len(every), "texts")
    if args.only in (None, "kinds"):
        built = kinds()
        specs = {name: json.loads(tokenizer.to_str()) for name, tokenizer in built.items()}
        table = base64.b64encode(nmt_nfkc()).decode()
        write_lines(args.out / "kinds.json.gz", [{"charsmap": table, "kinds": shared(specs)}])
        write_kinds(args.out, [row(built, text, i) for i, text in enumerate(every)])
    if args.only in (None, "parts"):
        write_parts(args.out, nmt_nfkc(), every)
    if args.only in (None, "characters"):
        write_lines(args.out / "characters.json.gz", [characters()])


if __name__ == "__main__":
    main()
