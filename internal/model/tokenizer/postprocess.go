package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// postProcessor is what happens to the tokens of a text: special ones go around it.
type postProcessor struct {
	template
	trim     bool // ranges lose the spaces at their ends
	keepLone bool // but not a single space at the beginning of the text, which may be an added one
}

// template is the special tokens that go around a text.
type template struct {
	before, after []int32
}

// empty says whether it adds no token.
func (t template) empty() bool { return len(t.before) == 0 && len(t.after) == 0 }

// readPostProcessor reads the post_processor member. One more kind is one more case.
func readPostProcessor(r *reader) (p postProcessor, err error) {
	if r.null() {
		return p, nil
	}
	kind, err := r.kind()
	if err != nil {
		return p, err
	}
	switch kind {
	case "ByteLevel":
		b, err := readByteLevel(r)
		return postProcessor{trim: b.trimOffsets, keepLone: b.addPrefixSpace}, err
	case "TemplateProcessing":
		p.template, err = readTemplate(r)
		return p, err
	case "BertProcessing", "RobertaProcessing":
		return readClassSeparator(r, kind == "RobertaProcessing")
	case "Sequence":
		return readPostProcessors(r)
	}
	return p, r.unsupported(kind, "null, ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing, Sequence")
}

// readPostProcessors reads a Sequence of them, of which only one may add tokens: what a second template does
// to the tokens of the first, the reference implementation does not define either.
func readPostProcessors(r *reader) (all postProcessor, err error) {
	err = r.fields(map[string]func() error{
		"type": r.skip,
		"processors": func() error {
			return r.array(func(int) error {
				p, err := readPostProcessor(r)
				if err != nil {
					return err
				}
				if p.trim {
					all.trim, all.keepLone = true, p.keepLone
				}
				switch {
				case p.empty():
				case all.empty():
					all.template = p.template
				default:
					return r.fail("a second template is not supported")
				}
				return nil
			})
		},
	})
	return all, err
}

// readClassSeparator reads a BertProcessing or a RobertaProcessing: [CLS] before the text and [SEP] after it.
func readClassSeparator(r *reader, trims bool) (p postProcessor, err error) {
	known := map[string]func() error{
		"type": r.skip,
		"cls":  func() (err error) { p.before, err = readNamedID(r); return err },
		"sep":  func() (err error) { p.after, err = readNamedID(r); return err },
	}
	if trims {
		p.trim, p.keepLone = true, true
		known["trim_offsets"], known["add_prefix_space"] = r.bool(&p.trim), r.bool(&p.keepLone)
	}
	err = r.fields(known)
	if err == nil && (p.before == nil || p.after == nil) {
		err = r.fail("it has no cls or no sep")
	}
	return p, err
}

// readNamedID reads ["[CLS]", 101].
func readNamedID(r *reader) (ids []int32, err error) {
	n := 0
	err = r.array(func(i int) error {
		if n++; i == 0 {
			_, err := r.text()
			return err
		}
		id, err := r.id()
		ids = append(ids, id)
		return err
	})
	if err == nil && n != 2 {
		err = r.fail("a token has a text and an id, not %d members", n)
	}
	return ids, err
}

// trimRanges takes the spaces at the ends of the tokens of one piece out of their ranges, as ByteLevel
// does. It goes by the tokens as they are spelled.
func (p postProcessor) trimRanges(text string, tokens []Token, first bool, spelled func(int) string) {
	for i := range tokens {
		t := &tokens[i]
		own := spelled(i)
		leading := characterCount(own) - characterCount(strings.TrimLeftFunc(own, isSpelledSpace))
		trailing := characterCount(own) - characterCount(strings.TrimRightFunc(own, isSpelledSpace))
		if (first && i == 0 || t.Start == 0) && p.keepLone && leading == 1 {
			leading = 0
		}
		for ; leading > 0 && t.Start < t.End; leading-- {
			_, size := character(text, t.Start)
			t.Start += size
		}
		for ; trailing > 0 && t.Start < t.End; trailing-- {
			t.End -= characterBefore(text, t.End)
		}
	}
}

// isSpelledSpace is white space, or a space in the alphabet of bytes.
func isSpelledSpace(r rune) bool { return r == 'Ġ' || unicode.IsSpace(r) }

// characterCount counts a text's characters.
func characterCount(s string) int { return utf8.RuneCountInString(s) }

// readTemplate reads a TemplateProcessing: a list of special tokens with the text, called A, among them. The
// template for two texts at once is not used.
func readTemplate(r *reader) (template, error) {
	var names []string // of the special tokens in order, with "" for the text
	tokens := map[string][]int32{}
	err := r.fields(map[string]func() error{
		"type": r.skip,
		"pair": r.skip,
		"single": func() (err error) {
			names, err = readTemplateOrder(r)
			return err
		},
		"special_tokens": func() error {
			return r.object(func(name string) (err error) {
				tokens[name], err = readTemplateToken(r)
				return err
			})
		},
	})
	if err != nil {
		return template{}, err
	}
	return arrange(r, names, tokens)
}

// readTemplateOrder reads [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}] as ["<s>", ""].
func readTemplateOrder(r *reader) (names []string, err error) {
	err = r.array(func(int) error {
		return r.object(func(kind string) error {
			var name string
			err := r.fields(map[string]func() error{"id": r.string(&name), "type_id": r.skip})
			switch {
			case err != nil:
				return err
			case kind == "SpecialToken" && name != "":
				names = append(names, name)
			case kind == "Sequence" && name == "A":
				names = append(names, "")
			default:
				return r.fail("%s is not supported (supported: SpecialToken, Sequence A)", quote(kind+" "+name))
			}
			return nil
		})
	})
	return names, err
}

// readTemplateToken reads {"id": "<s>", "ids": [1], "tokens": ["<s>"]}.
func readTemplateToken(r *reader) (ids []int32, err error) {
	err = r.fields(map[string]func() error{
		"id":     r.skip,
		"tokens": r.skip,
		"ids": func() error {
			return r.array(func(int) error {
				id, err := r.id()
				ids = append(ids, id)
				return err
			})
		},
	})
	return ids, err
}

// arrange puts the special tokens before and after the text.
func arrange(r *reader, names []string, tokens map[string][]int32) (template, error) {
	var t template
	texts := 0
	for _, name := range names {
		ids, ok := tokens[name]
		switch {
		case name == "":
			texts++
		case !ok:
			return t, r.fail("special_tokens does not say which ids %s has", quote(name))
		case texts == 0:
			t.before = append(t.before, ids...)
		default:
			t.after = append(t.after, ids...)
		}
	}
	if texts != 1 {
		return t, r.fail("single has the text %d times (supported: once)", texts)
	}
	return t, nil
}

// fit checks that the special tokens exist.
func (t template) fit(r *reader, known func(int32) bool) error {
	for _, ids := range [...][]int32{t.before, t.after} {
		for _, id := range ids {
			if !known(id) {
				return r.fail("post_processor: no token has the id %d", id)
			}
		}
	}
	return nil
}
