#!/usr/bin/env python3
"""Writes what the Hugging Face `tokenizers` package makes of a few hundred difficult texts.

The tests of internal/model/tokenizer compare their own tokens with these. Needs `tokenizers` (0.23.3; its
wheels classify characters by Unicode 16.0) and nothing else. Everything is seeded: two runs write the same
bytes.

    python tools/reference/tokenizer_goldens.py --tokenizer internal/model/builtin/story/tokenizer.json \\
        --out testdata/tokenizer/story.jsonl.gz

writes the goldens of one tokenizer: a first line with the SHA-256 of the tokenizer file, then one line per
text with its ids and tokens.

    python tools/reference/tokenizer_goldens.py --all testdata/tokenizer

trains a small multilingual tokenizer (multi/tokenizer.json) and writes its goldens (multi.jsonl.gz), small
tokenizers with unusual options and their goldens (variants.jsonl.gz), and the character classes of the split
pattern (classes.json).
"""

import argparse
import gzip
import hashlib
import itertools
import json
import pathlib
import random

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

SEED = 20240817

# One short paragraph per language: the first article of the Universal Declaration of Human Rights or an
# everyday sentence, so that merges are learnt within and across the characters of every major script.
LANGUAGES = {
    "english": "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and should act towards one another in a spirit of brotherhood.",
    "german": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen. Straße, Größe, Übermut.",
    "french": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience. L'été, j'ai mangé du bœuf à l'ombre d'un chêne.",
    "spanish": "Todos los seres humanos nacen libres e iguales en dignidad y derechos. ¿Qué tal, señor? ¡El niño pequeño comió jalapeños!",
    "portuguese": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. A canção não é só para você.",
    "polish": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Zażółć gęślą jaźń.",
    "czech": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "turkish": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. İstanbul'da ılık bir ağaç gölgesi.",
    "vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi.",
    "icelandic": "Hver maður er borinn frjáls og jafn öðrum að virðingu og réttindum. Þórður át ýsu.",
    "russian": "Все люди рождаются свободными и равными в своём достоинстве и правах. Съешь же ещё этих мягких французских булок.",
    "ukrainian": "Всі люди народжуються вільними і рівними у своїй гідності та правах. Щастя, ґанок, їжак.",
    "greek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "armenian": "Բոլոր մարդիկ ծնվում են ազատ ու հավասար իրենց արժանապատվությամբ ու իրավունքներով։",
    "georgian": "ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით.",
    "hebrew": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. שָׁלוֹם עֲלֵיכֶם",
    "arabic": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. السَّلَامُ عَلَيْكُمْ ١٢٣٤٥",
    "persian": "تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند. ۱۲۳۴۵",
    "urdu": "تمام انسان آزاد اور حقوق و عزت کے اعتبار سے برابر پیدا ہوئے ہیں۔",
    "hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। १२३४५",
    "bengali": "সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে। ১২৩",
    "tamil": "மனிதப் பிறவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர். ௧௨௩",
    "telugu": "ప్రతిపత్తిస్వత్వముల విషయమున మానవులెల్లరును జన్మతః స్వతంత్రులును సమానులును నగుదురు.",
    "gujarati": "પ્રતિષ્ઠા અને અધિકારોની દૃષ્ટિએ સર્વ માનવો જન્મથી સ્વતંત્ર અને સમાન હોય છે.",
    "sinhala": "සියලු මනුෂ්‍යයෝ නිදහස්ව උපත ලබා ඇත.",
    "thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ๑๒๓",
    "lao": "ມະນຸດເກີດມາມີສິດເສລີພາບ ແລະ ສະເໝີໜ້າກັນ",
    "burmese": "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် မွေးဖွားလာသူများ ဖြစ်သည်။",
    "khmer": "មនុស្សទាំងអស់កើតមកមានសេរីភាពនិងសមភាព ១២៣",
    "tibetan": "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་སྐྱེས་ཙམ་ཉིད་ནས་ཆེ་མཐོངས་དང༌། ༡༢༣",
    "amharic": "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው። ፩፪፫",
    "chinese": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。一二三四五",
    "traditional": "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心。",
    "japanese": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。カタカナとひらがなとﾊﾝｶｸ。",
    "korean": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. ㅋㅋㅋ 한글",
    "mongolian": "Хүн бүр төрж мэндлэхдээ эрх чөлөөтэй, адилхан нэр төртэй, ижил эрхтэй байдаг.",
    "cherokee": "ᏂᎦᏓ ᎠᏂᏴᏫ ᏂᎨᎫᏓᎸᎾ ᎠᎴ ᎤᏂᏠᏱ",
    "inuktitut": "ᐃᓅᔪᓕᒫᑦ ᐊᓂᖅᑎᕆᔪᑦ",
    "gothic": "𐍅𐌴𐌹𐌷𐌽𐌰𐌹 𐌽𐌰𐌼𐍉 𐌸𐌴𐌹𐌽",
    "hawaiian": "Hānau kūʻokoʻa ʻia nā kānaka apau loa, a ua kau like ka hanohano.",
    "swahili": "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa. Ng'ombe wa mama'ake.",
    "code": "func (t *Tokenizer) Encode(text string) ([]int32, error) {\n\tif len(text) == 0 {\n\t\treturn nil, nil // nothing\n\t}\n}\n",
}

SENTENCES = [
    "a fluffy blue creature roamed the verdant forest",
    "A fluffy blue creature roamed the verdant forest.",
    "the king is to the queen as the man is to the woman",
    "king queen man woman", " king", " queen", "queen", "King", "Harry Potter", "Harry", " Potter",
    "The harried mother hurried home with Harry.",
    "Rather, the tower that was the tallest structure in Paris; the Eiffel Tower.",
    "American shrew mole", "One mole of carbon dioxide.", "Take a biopsy of the mole.",
    "Once upon a time there was a little girl who lived in a village near the forest.",
    "Michael Jordan plays the sport of basketball", "they said \"no\" to the owl's hat.",
]

CONTRACTIONS = [
    "it's", "it'S", "IT'S", "it’s", "don't", "DON'T", "we're", "We'Re", "you've", "I'm", "I'M", "they'll", "he'd",
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'r", "'v", "'l", "'", "''", "'''", "''s", "'ss", "'stuff",
    " 's", "  's", "\n's", "'s's's", "'re're", "'lll", "x'dx", "o'clock", "rock 'n' roll", "'tis", "‘s", "ʼs",
    "\u02bcs", "'\u017f", "'ſ", "a'b'c", "'ſt", "'ll'll", "' s", "'é", "l'été", "1's", "!'s", "''re", "'ve!",
]

SPACES = [
    "", " ", "  ", "   ", "\t", "\n", "\r", "\r\n", "\n\n", "\n\n\n", "\t\t\t", " \n", "\n ", " \n ", "\v", "\f",
    " a", "  a", "   a", "a ", "a  ", "a   ", "a b", "a  b", "a   b", "a\nb", "a\n b", "a \nb", "a \n b", "a\n\nb",
    "a\tb", "a\t b", "a \tb", "a\r\nb", "a\r\n\r\nb", "a\r\n b", " \t\n\r", "  \t  \n  x", "x  \n", "\tx", "\nx",
    "a\u00a0b", "a \u00a0b", "a\u00a0 b", "\u00a0a", "\u00a0\u00a0a", "a\u2003b", "\u2003\u2003a", "a\u3000b",
    "\u3000\u3000あ", "a\u0085b", "a\u1680b", "a\u2028b\u2029c", "a\u202fb", "a\u205fb", "a\u200bb", " \u200b b",
    "a\u180eb", "\ufeffBOM", "a\ufeffb", "a\u2060b", "\x1c\x1d\x1e\x1f", "a\x1cb", "a \x1f b", "1 2  3   4",
    "! ?  !", " !", "  !", "   1", "    indented\n        more\n\n\n    less", "trailing   \n   next",
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a", "x\u2009y", "x \u2009 y",
]

SYMBOLS = [
    "\x00", "\x00\x01\x02\x7f", "a\x00b", "\x08\x1b[31mred\x1b[0m", "\x80", "\x9f", "\xad", "soft\xadhyphen",
    "!", "!!", "...", "…", "—", "--", "a--b", "(a)", "[a]", "{a}", "a_b", "_a", "__init__", "a.b.c", "$5.00", "50%",
    "3,141.59", "1,000,000", "2024-08-17T12:34:56Z", "x=1;y=2", "https://example.org/a?b=c&d=%20#e", "a@b.cd",
    "C:\\Users\\x", "#hashtag", "<b>bold</b>", "&amp;", "€100", "£5", "¥", "₿", "™", "©2024", "±½¼¾", "²³¹", "Ⅷ", "ⅷ",
    "①②③", "㊿", "x²", "H₂O", "½cup", "𝟘𝟙𝟚", "𝓗𝓮𝓵𝓵𝓸", "ﬁﬂ", "ǅ", "ª º", "ʰ", "ˈ", "ﷺ", "\ufffd", "\ufffe", "\uffff",
    "\U0010ffff", "\U000e0001", "\ue000", "\U000f0000", "0", "00", "000", "0123456789" * 4, "٠١٢٣", "१२३abc", "௧௨௩",
    "abc123def", "123abc", "a1b2c3", "①a", "Ⅳa", "x\u0301", "e\u0301te\u0301", "n\u0303", "Z̷͈̈a̶l̵g̸o̶", "\u0301", " \u0301",
    "a\u200db", "क्ष", "ก็", "각", "각", "i̇İı", "ß ẞ", "Ǆǅǆ", "١a", "㎏", "♥", "→", "∑", "√2", "α+β=γ", "≠", "∞",
    "🎵", "𐐷", "𠀀𠀁", "𪚥", "\U0002ebf0", "\U0002ebf0a", "a\U00013460b", "\u1c89\u1c8a", "\ua7cb", "\U00010d40", "\U00010d40" "1",
    "\U000105c0 \U000116d0", "\U0001ccf0\U0001ccf9", "\U000323b0", "\U00031350", "\U0001fae9", "\u2ffc", "\u31ef",
]

EMOJI = [
    "😀", "😀😀", "😀 😀", "hi😀", "😀hi", "👍🏽", "👍🏿👍🏻", "👩‍👩‍👧‍👦", "👨🏾‍🚀", "🏳️‍🌈", "🏴‍☠️", "❤️", "❤", "☺️", "1️⃣", "#️⃣", "🇩🇪", "🇩🇪🇫🇷", "🇺🇸🇬",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👁️‍🗨️", "🤷🏻‍♀️", "🧑‍🤝‍🧑", "🫠🫡", "a👩‍👩‍👧b", "🙈🙉🙊", "👨‍👩‍👧‍👦" * 5, "text 🎉 more 🎉\n🎉", "✌🏼", "🦸🏿‍♂️", "⚧️", "🐻‍❄️",
]

ADDED = [
    "<|endoftext|>", "<|endoftext|><|endoftext|>", "a<|endoftext|>b", " <|endoftext|> ", "a <|endoftext|> b",
    "  <|endoftext|>  b", "<|endoftext|", "<|endoftext|><", "<<|endoftext|>>", "<|<|endoftext|>", "|endoftext|>",
    "<|ENDOFTEXT|>", "\n<|endoftext|>\n", "it<|endoftext|>'s", "é<|endoftext|>é", "<|endoftext|>" * 20,
    "<|endof<|endoftext|>text|>", "a  <|endoftext|>", "<|endoftext|>  a", "x<|pad|>y<|endoftext|><|pad|>",
    "[X]", "a[X]b", " [X] ", "a  [X]\t b", "[X][X]", "ab abc abcd", "xabcx abc", "abcd", "abcde", "word", "a word here",
    "words", "sword", "word_", "(word)", "éword", "word word", "word,word", " word ", "wordword", "\u0301word", "word\u200d",
    "a\u00a0[X]\u2003b", "[L] [R]", "a [L] b [R] c", "a  [L][R]  b", "[L]  [L]", "[R]  [R]  x", "  [B]  [B]  ", "x[B]y",
    "a \n\n [B] \n\n b", "[N]", "a [N] b", "[N][X][N]", "[N[X]", "½word½", "²word", "ⅷword", "_word_", "1word1", "Ⓐword", "wordⒶ", "xabcx abcx xabcd", "word\u203f", "\u0903word",
]


def random_texts(count):
    """Texts of random characters, from every class that the split pattern distinguishes."""
    rng = random.Random(SEED)
    letters = list("abcdefghijklmnopqrstuvwxyzABCDEFéüñßжщλωאבגابتकखคงあアー一二三한글ǅªⅷ𝓗\U0002ebf0\U00013460")
    digits = list("0123456789٣४๕²½Ⅷ①𝟘\U00010d40")
    spaces = list(" " * 12 + "\n\n\n\t\r\v\f\u00a0\u0085\u2003\u3000\u2028\u1680\u202f")
    others = list("!?.,;:'\"'''-_()[]{}<>|/\\@#$%^&*+=~`…—’€😀👍🏽\u200d\ufe0f\u0301\u093f\u0e47\x00\x1b\x7f\xad\ufeff\ufffd\U0010ffff")
    anything = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    texts = []
    for i in range(count):
        kind = i % 5
        out = []
        for _ in range(rng.randint(1, 60)):
            if kind == 4:
                top = rng.choice((0x80, 0x250, 0x3000, 0x10000, 0x110000))
                out.append(chr(anything[rng.randrange(min(top, len(anything)))]))
                continue
            pool = rng.choices((letters, digits, spaces, others), ((6, 1, 3, 1), (1, 1, 6, 1), (2, 3, 2, 3), (1, 1, 1, 6))[kind])[0]
            out.append(rng.choice(pool) * (rng.randint(1, 6) if rng.random() < 0.15 else 1))
        texts.append("".join(out))
    return texts


def mixed_texts(count):
    """Fragments of the texts above, joined."""
    rng = random.Random(SEED + 1)
    words = [w for text in LANGUAGES.values() for w in text.split(" ")]
    glue = [" ", " ", " ", "  ", "\n", "\r\n", "", ", ", "\t", "'", " '", "\u00a0", "<|endoftext|>"]
    bits = words + CONTRACTIONS + EMOJI + SENTENCES
    return ["".join(rng.choice(bits) + rng.choice(glue) for _ in range(rng.randint(2, 14))) for _ in range(count)]


def corpus():
    """All texts, in a fixed order and without repeats."""
    long = [
        "a" * 1000, "ab" * 700, "the" * 400, " " * 1000, "\n" * 500, " \n" * 300, "x" + " " * 300 + "y", "é" * 500, "語" * 400,
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "1" * 333, "!" * 333, "<|" * 200,
        "pneumonoultramicroscopicsilicovolcanoconiosis", "👨‍👩‍👧‍👦" * 40, "'s" * 100, "abcdefghijklmnopqrstuvwxyz" * 20, "and" * 333 + " " + "for" * 333,
    ]
    paragraphs = list(LANGUAGES.values())
    together = ["".join(paragraphs), "\n\n".join(paragraphs), "\r\n".join(SENTENCES)]
    every = [*SENTENCES, *CONTRACTIONS, *SPACES, *SYMBOLS, *EMOJI, *ADDED, *paragraphs, *long, *together, *mixed_texts(120), *random_texts(200)]
    return list(dict.fromkeys(every))


def write_lines(path, rows):
    """Writes compressed lines of JSON; with the time left out, the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    with open(path, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as out:
        out.write(lines.encode("utf-8"))


def encoded(tokenizer, text):
    made = tokenizer.encode(text)
    return {"text": text, "ids": made.ids, "tokens": made.tokens}


def write_goldens(file, out):
    data = file.read_bytes()
    tokenizer = Tokenizer.from_str(data.decode("utf-8"))
    rows = [encoded(tokenizer, text) for text in corpus()]
    write_lines(out, [{"sha256": hashlib.sha256(data).hexdigest(), "tokenizers": tokenizers.__version__, "texts": len(rows)}, *rows])
    print(f"{out}: {len(rows)} texts")


def train_multi(file):
    """Trains the multilingual tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1500, min_frequency=1, show_progress=False, special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    texts = [*LANGUAGES.values(), *EMOJI, *SENTENCES, *CONTRACTIONS, *SPACES]
    tokenizer.train_from_iterator(texts, trainer)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(tokenizer.to_str(pretty=True) + "\n", encoding="utf-8")
    print(f"{file}: {tokenizer.get_vocab_size()} tokens")


def added(content, **flags):
    token = dict(id=-1, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=False)
    return token | flags


def numbered(tokens, vocab):
    """The tokens with the ids that the reference implementation gives them, whatever the file says."""
    fresh = itertools.count(len(vocab))
    return [token | dict(id=vocab[token["content"]] if token["content"] in vocab else next(fresh)) for token in tokens]


def small(multi, merges=80):
    """The multilingual tokenizer with only its first merges, as a dict to be changed."""
    spec = json.loads(json.dumps(multi))
    spec["added_tokens"] = []
    spec["model"]["merges"] = spec["model"]["merges"][:merges]
    keep = sorted(pre_tokenizers.ByteLevel.alphabet()) + ["".join(pair) for pair in spec["model"]["merges"]]
    spec["model"]["vocab"] = {token: id for id, token in enumerate(dict.fromkeys(keep))}
    return spec


def torture(rng, letters, longest):
    """Every string of these letters as a token, and every merge that is possible, in a random order."""
    words = ["".join(w) for n in range(1, longest + 1) for w in itertools.product(letters, repeat=n)]
    merges = [[w[:i], w[i:]] for w in words for i in range(1, len(w))]
    rng.shuffle(merges)
    merges += rng.sample(merges, len(merges) // 4)  # the later rank of a repeated merge counts
    return words, merges[: rng.randint(len(merges) * 9 // 10, len(merges))]


def variants(multi):
    """Tokenizers with unusual options, by name."""
    rng = random.Random(SEED + 2)
    pre = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    out = {}

    def variant(name, **changes):
        spec = small(multi)
        spec["model"] |= changes.pop("model", {})
        out[name] = spec | changes
        return out[name]

    variant("prefix space", pre_tokenizer=pre | dict(add_prefix_space=True))
    variant("no regex", pre_tokenizer=pre | dict(use_regex=False))
    variant("prefix space, no regex", pre_tokenizer=pre | dict(add_prefix_space=True, use_regex=False))
    variant("old merges")["model"]["merges"] = [" ".join(pair) for pair in small(multi)["model"]["merges"]]
    whole = variant("ignore merges", model=dict(ignore_merges=True))["model"]["vocab"]
    for word in ("Ġforest", "Ġcreature", "forest", "ĠÐ¸", "'s", "ĠĠ", "ab"):
        whole.setdefault(word, len(whole))
    strips = [
        added("[L]", lstrip=True), added("[R]", rstrip=True), added("[B]", lstrip=True, rstrip=True),
        added("[X]", special=True), added("<|endoftext|>", special=True, lstrip=True),
    ]
    words = [
        added("word", single_word=True), added("abc", single_word=True), added("ab"), added("abcd"),
        added("<|"), added("<|endoftext|>"), added("<|endof"), added("éé"), added("bc"),
    ]
    passes = [
        added("[N]", normalized=True), added("[X]"), added("[N[X]", normalized=True), added("N"),
        added("word", normalized=True, single_word=True), added("[L]", normalized=True, lstrip=True),
        added("[R]", normalized=True, rstrip=True), added("  "), added("a"),
    ]
    for name, tokens in (("strip", strips), ("single word, longest", words), ("two passes", passes)):
        for space in (False, True):
            spec = variant(f"added tokens, {name}, prefix space {space}", pre_tokenizer=pre | dict(add_prefix_space=space))
            spec["added_tokens"] = numbered(tokens, spec["model"]["vocab"])
    for fuse in (False, True):
        spec = variant(f"unknown bytes, fuse {fuse}", model=dict(unk_token="<unk>", fuse_unk=fuse))
        for letter in ("e", "Ã", "©", "Ġ", "x", "ð"):
            gone = {t for t in spec["model"]["vocab"] if letter in t}
            spec["model"]["merges"] = [m for m in spec["model"]["merges"] if not gone & {m[0], m[1], m[0] + m[1]}]
            spec["model"]["vocab"] = {t: i for t, i in spec["model"]["vocab"].items() if t not in gone}
        spec["model"]["vocab"]["<unk>"] = 3000
    for i in range(6):
        letters, longest = (("ab", 6), ("abc", 4), ("a", 12))[i % 3]
        words, merges = torture(rng, letters, longest)
        spec = variant(f"random merges {i}", pre_tokenizer=pre | dict(use_regex=False))
        spec["model"]["vocab"] = {w: i for i, w in enumerate(words)}
        spec["model"]["merges"] = merges
    template = dict(
        type="TemplateProcessing", pair=[],
        single=[{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        special_tokens={"<s>": {"id": "<s>", "ids": [0], "tokens": ["!"]}, "</s>": {"id": "</s>", "ids": [1, 2], "tokens": ['"', "#"]}},
    )
    variant("template", post_processor=template)
    variant("template in a sequence", post_processor=dict(type="Sequence", processors=[pre, template]))
    return out


def variant_texts(name):
    if not name.startswith("random merges"):
        return [*ADDED, *SPACES, *CONTRACTIONS[:20], *SENTENCES[:4], *EMOJI[:8], "été xxéé eee", "exxe éx", *random_texts(25)]
    rng = random.Random(name)
    letters = "a" if int(name[-1]) % 3 == 2 else "ab" if int(name[-1]) % 3 == 0 else "abc"
    return ["".join(rng.choices(letters, k=rng.randint(1, 60))) for _ in range(60)] + [c * n for c in letters for n in range(1, 40)]


def write_variants(multi, out):
    rows = []
    for name, spec in variants(multi).items():
        tokenizer = Tokenizer.from_str(json.dumps(spec))
        texts = dict.fromkeys(variant_texts(name))
        rows.append({"name": name, "tokenizer": spec, "texts": [encoded(tokenizer, text) for text in texts]})
    write_lines(out, rows)
    print(f"{out}: {len(rows)} tokenizers, {sum(len(row['texts']) for row in rows)} texts")


def ranges(pattern):
    """The code points that a pattern matches, as [first, last] pairs."""
    points = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    found = []
    for i in range(0, len(points), 4096):
        chunk = points[i : i + 4096]
        kept = {at for _, (a, b) in split.pre_tokenize_str("".join(map(chr, chunk))) for at in range(a, b)}
        for at, point in enumerate(chunk):
            if at in kept:
                continue
            if found and found[-1][1] == point - 1:
                found[-1][1] = point
            else:
                found.append([point, point])
    return found


def write_classes(out):
    classes = {name: ranges(pattern) for name, pattern in (("letter", r"\p{L}"), ("number", r"\p{N}"), ("space", r"\s"))}
    lines = ",\n".join(f'"{name}": {json.dumps(pairs, separators=(",", ":"))}' for name, pairs in classes.items())
    out.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    print(f"{out}: {', '.join(f'{len(pairs)} ranges of {name}' for name, pairs in classes.items())}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=pathlib.Path, help="the tokenizer.json to run")
    parser.add_argument("--out", type=pathlib.Path, help="where its goldens go")
    parser.add_argument("--all", type=pathlib.Path, metavar="DIR", help="write everything that no built-in model is needed for")
    args = parser.parse_args()
    if bool(args.tokenizer) != bool(args.out) or not (args.tokenizer or args.all):
        parser.error("give --tokenizer and --out, or --all")
    if args.tokenizer:
        write_goldens(args.tokenizer, args.out)
    if args.all:
        file = args.all / "multi" / "tokenizer.json"
        train_multi(file)
        write_goldens(file, args.all / "multi.jsonl.gz")
        write_variants(json.loads(file.read_text(encoding="utf-8")), args.all / "variants.jsonl.gz")
        write_classes(args.all / "classes.json")


if __name__ == "__main__":
    main()
