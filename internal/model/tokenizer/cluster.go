package tokenizer

import "unicode"

// clusterEnd returns where the character that begins at byte at ends together with the marks that belong to
// it: Unicode's extended grapheme cluster, as far as clusters of less than six bytes go. Longer ones, such as
// syllables of Hangul and families of emoji, are cut somewhere after their sixth byte: nobody asks for them.
func clusterEnd(s string, at int) int {
	r, size := character(s, at)
	end := at + size
	if r == '\r' && end < len(s) && s[end] == '\n' {
		return end + 1
	}
	for end < len(s) && !breaksAfter(r) {
		next, size := character(s, end)
		if !extends(next) && (!leads(r) || breaksAfter(next)) {
			break
		}
		r = next
		end += size
	}
	return end
}

// breaksAfter says whether a character stands alone: controls, separators and invisible format characters.
func breaksAfter(r rune) bool {
	const joiner, nonJoiner = 0x200D, 0x200C
	switch {
	case r < 0:
		return true
	case r == joiner || r == nonJoiner || leads(r) || r >= 0xE0020 && r <= 0xE007F:
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// extends says whether a character belongs to the one before: marks, joiners and skin colours.
func extends(r rune) bool {
	const joiner = 0x200D
	switch {
	case r < 0x300:
		return false
	case r == joiner || r >= 0x1F3FB && r <= 0x1F3FF || r >= 0xE0020 && r <= 0xE007F || r == 0x0E33 || r == 0x0EB3:
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Other_Grapheme_Extend) || unicode.Is(unicode.Mc, r) && !standsApart(r)
}

// standsApart lists the spacing marks that do not extend the character before.
func standsApart(r rune) bool {
	switch {
	case r == 0x102B || r == 0x102C || r == 0x1038 || r == 0x1083, r >= 0x1062 && r <= 0x1064, r >= 0x1067 && r <= 0x106D,
		r >= 0x1087 && r <= 0x108C, r == 0x108F, r >= 0x109A && r <= 0x109C, r == 0x1A61, r == 0x1A63, r == 0x1A64,
		r == 0xAA7B, r == 0xAA7D, r == 0x11720, r == 0x11721:
		return true
	}
	return false
}

// leads says whether a character belongs to the one after it.
func leads(r rune) bool {
	return r >= 0x600 && unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}
