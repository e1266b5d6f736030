package tokenizer

// template is the special tokens that go around a text.
type template struct {
	before, after []int32
}

// empty says whether it adds no token.
func (t template) empty() bool { return len(t.before) == 0 && len(t.after) == 0 }

// readPostProcessor reads the post_processor member. One more kind is one more case.
func readPostProcessor(r *reader) (template, error) {
	if r.null() {
		return template{}, nil
	}
	kind, err := r.kind()
	if err != nil {
		return template{}, err
	}
	switch kind {
	case "ByteLevel": // it trims the reference implementation's offsets, and adds no token
		_, err := readByteLevel(r)
		return template{}, err
	case "TemplateProcessing":
		return readTemplate(r)
	case "Sequence":
		return readPostProcessors(r)
	}
	return template{}, r.unsupported(kind, "null, ByteLevel, TemplateProcessing, Sequence")
}

// readPostProcessors reads a Sequence of them, of which only one may add tokens: what a second template does
// to the tokens of the first, the reference implementation does not define either.
func readPostProcessors(r *reader) (all template, err error) {
	err = r.fields(map[string]func() error{
		"type": r.skip,
		"processors": func() error {
			return r.array(func(int) error {
				t, err := readPostProcessor(r)
				switch {
				case err != nil:
					return err
				case t.empty():
				case all.empty():
					all = t
				default:
					return r.fail("a second template is not supported")
				}
				return nil
			})
		},
	})
	return all, err
}

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
