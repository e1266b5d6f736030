package text

import (
	"strconv"
	"strings"

	"attn/internal/view"
)

// gap stands in a list of rows or columns where some were left out.
const gap = -1

// all is the list of n rows or columns with none left out.
func all(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// keep chooses which of n rows or columns to show where there is room for
// fewer: the first one, which attention likes to rest on, and a stretch of
// neighbours that ends a little after the focus, or with the last one where
// there is no focus. A gap takes the room of one.
func keep(n, room, focus int) []int {
	if n <= room {
		return all(n)
	}
	if room < 5 {
		return stretch(nil, n, room, focus)
	}
	list := stretch([]int{0}, n, room-3, focus)
	if list[1] == 1 {
		list = stretch(nil, n, room-1, focus)
	} else {
		list = append([]int{0, gap}, list[1:]...)
	}
	if list[len(list)-1] == n-1 {
		return extend(list, room)
	}
	return append(list, gap)
}

// stretch appends size neighbours, the focus among them, to list.
func stretch(list []int, n, size, focus int) []int {
	size = max(size, 0)
	if focus < 0 {
		focus = n - 1
	}
	start := min(max(focus-size*2/3, 0), n-size)
	for i := range size {
		list = append(list, start+i)
	}
	return list
}

// extend uses the room that a gap at the end would have taken.
func extend(list []int, room int) []int {
	for len(list) < room && len(list) > 2 && list[1] == gap && list[2] > 2 {
		list = append(list[:2], append([]int{list[2] - 1}, list[2:]...)...)
	}
	return list
}

// shown counts the entries that are no gaps.
func shown(list []int) int {
	n := 0
	for _, i := range list {
		if i != gap {
			n++
		}
	}
	return n
}

// foldNote says what was left out of n rows or columns; nothing if nothing was.
func foldNote(what string, n int, labels []view.Label, list []int) []string {
	if shown(list) == n {
		return nil
	}
	note := strconv.Itoa(shown(list)) + " of " + strconv.Itoa(n) + " " + what + " shown"
	if where := spans(labels, list); where != "" {
		note += ": " + where
	}
	return []string{note}
}

// spans names the places that are shown: "positions 0, 13–59"; or, of what has
// no position in a sentence, "numbers 1–40".
func spans(labels []view.Label, list []int) string {
	word, number := "numbers ", func(i int) int { return i + 1 }
	if len(labels) > 0 && labels[0].Pos >= 0 {
		word, number = "positions ", func(i int) int { return labels[i].Pos }
	}
	var parts []string
	for i := 0; i < len(list); {
		if list[i] == gap {
			i++
			continue
		}
		end := i
		for end+1 < len(list) && list[end+1] == list[end]+1 {
			end++
		}
		span := strconv.Itoa(number(list[i]))
		if end > i {
			span += "–" + strconv.Itoa(number(list[end]))
		}
		parts = append(parts, span)
		i = end + 1
	}
	if len(parts) == 0 {
		return ""
	}
	return word + strings.Join(parts, ", ")
}

// focused is the place of the label in focus, or -1.
func focused(labels []view.Label) int {
	for i, l := range labels {
		if l.Focus {
			return i
		}
	}
	return -1
}
