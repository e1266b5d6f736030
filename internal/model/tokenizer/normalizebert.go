package tokenizer

import "unicode"

// bertNormalizer cleans text as BERT's original code did.
type bertNormalizer struct {
	clean, chinese, accents, lower bool
}

// readBertNormalizer reads a BertNormalizer. Unless the file says otherwise, accents go exactly when
// capitals do.
func readBertNormalizer(r *reader) (*bertNormalizer, error) {
	b := &bertNormalizer{clean: true, chinese: true, lower: true}
	given := false
	err := r.fields(map[string]func() error{
		"type":                 r.skip,
		"clean_text":           r.bool(&b.clean),
		"handle_chinese_chars": r.bool(&b.chinese),
		"lowercase":            r.bool(&b.lower),
		"strip_accents": func() error {
			given = !r.null()
			if !given {
				return nil
			}
			return r.bool(&b.accents)()
		},
	})
	if !given {
		b.accents = b.lower
	}
	return b, err
}

// normalize implements normalizer.
func (b *bertNormalizer) normalize(p piece) (piece, error) {
	if b.clean {
		p = p.filtered(func(r rune) bool { return r != 0 && r != unicode.ReplacementChar && !isOldOther(r) })
		p = p.mapped(func(r rune) rune {
			if unicode.IsSpace(r) {
				return ' '
			}
			return r
		})
	}
	if b.chinese {
		p = spaceChinese(p)
	}
	if b.accents {
		var err error
		if p, err = formNamed("NFD").normalize(p); err != nil {
			return p, err
		}
		p = p.filtered(func(r rune) bool { return !isOldNonspacing(r) })
	}
	if b.lower {
		p = lowercase(p)
	}
	return p, nil
}

// spaceChinese puts spaces around Chinese characters, so that each becomes a word.
func spaceChinese(p piece) piece {
	return p.rewritten(func(spans []span, text []byte, r rune, from span) ([]span, []byte) {
		for _, c := range [...]rune{' ', r, ' '} {
			spans, text = appendWithSpan(spans, text, c, from)
		}
		return spans, text
	}, isChinese)
}

// isChinese says what BERT takes for Chinese: the blocks of CJK ideographs, with a gap that a typing error
// in the reference implementation left in Extension E.
func isChinese(r rune) bool {
	for _, block := range [...][2]rune{
		{0x4E00, 0x9FFF},
		{0x3400, 0x4DBF},
		{0x20000, 0x2A6DF},
		{0x2A700, 0x2B73F},
		{0x2B740, 0x2B81F},
		{0x2B920, 0x2CEAF},
		{0xF900, 0xFAFF},
		{0x2F800, 0x2FA1F},
	} {
		if r >= block[0] && r <= block[1] {
			return true
		}
	}
	return false
}
