package tokenizer

import (
	"iter"
	"slices"
	"sort"
	"strings"
)

// prefixes finds the tokens that a text begins with. It is a sorted list, in which the tokens that begin in
// the same way are neighbours: as quick as a tree of bytes, and a fraction of its size.
type prefixes struct {
	keys  []string
	ids   []int32
	first [257]int32 // by first byte: where its keys begin
}

// newPrefixes builds the list of tokens, each of which is there once.
func newPrefixes(tokens iter.Seq2[string, int32]) *prefixes {
	type known struct {
		key string
		id  int32
	}
	var all []known
	for token, id := range tokens {
		if token != "" {
			all = append(all, known{token, id})
		}
	}
	slices.SortFunc(all, func(a, b known) int { return strings.Compare(a.key, b.key) })
	p := &prefixes{keys: make([]string, len(all)), ids: make([]int32, len(all))}
	for i, token := range all {
		p.keys[i], p.ids[i] = token.key, token.id
	}
	for b := range 256 {
		p.first[b] = int32(sort.Search(len(p.keys), func(i int) bool { return p.keys[i][0] >= byte(b) }))
	}
	p.first[256] = int32(len(p.keys))
	return p
}

// each calls visit with the length and the id of every token that s begins with, the shortest first.
func (p *prefixes) each(s string, visit func(length int, id int32)) {
	if s == "" {
		return
	}
	low, high := int(p.first[s[0]]), int(p.first[int(s[0])+1])
	for depth := 1; low < high; depth++ {
		if len(p.keys[low]) == depth {
			visit(depth, p.ids[low])
			low++
		}
		switch {
		case depth == len(s):
			return
		case high-low == 1: // the last one: compare it as a whole
			if strings.HasPrefix(s, p.keys[low]) {
				visit(len(p.keys[low]), p.ids[low])
			}
			return
		}
		low, high = p.narrow(low, high, depth, s[depth])
	}
}

// narrow returns the part of a range of keys that has byte b at depth.
func (p *prefixes) narrow(low, high, depth int, b byte) (int, int) {
	keys := p.keys[low:high]
	from := sort.Search(len(keys), func(i int) bool { return keys[i][depth] >= b })
	to := from + sort.Search(len(keys)-from, func(i int) bool { return keys[from+i][depth] > b })
	return low + from, low + to
}

// longest returns the longest token that s begins with, or a length of 0.
func (p *prefixes) longest(s string) (length int, id int32) {
	p.each(s, func(l int, i int32) { length, id = l, i })
	return length, id
}
