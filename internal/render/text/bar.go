package text

import "strings"

const (
	longestBar  = 24
	shortestBar = 6
)

// eighths are the beginnings of a full block.
var eighths = [8]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// bar draws share (0..1) of a bar of the given width, to an eighth of a column.
// What is too small for that, but not for a per mille, is the thinnest line.
func bar(share float64, width int) string {
	n := int(min(max(share, 0), 1)*float64(8*width) + 0.5)
	if n == 0 && share >= 0.001 {
		n = 1
	}
	return strings.Repeat("█", n/8) + eighths[n%8]
}
