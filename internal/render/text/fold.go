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
	switch {
	case n <= room:
		return all(n)
	case room <= 0:
		return nil
	case focus < 0:
		focus = n - 1
	}
	if room < 5 { // too few to spend any on gaps
		return stretch(min(max(focus-room/2, 0), n-room), room)
	}
	size := room - 3
	start := focus - size*2/3
	switch {
	case start <= 2:
		return append(stretch(0, room-1), gap)
	case start+size >= n-1:
		return append([]int{0, gap}, stretch(n-(room-2), room-2)...)
	}
	return append(append([]int{0, gap}, stretch(start, size)...), gap)
}

// stretch is size neighbours from start.
func stretch(start, size int) []int {
	list := all(size)
	for i := range list {
		list[i] += start
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
