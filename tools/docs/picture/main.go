// Command picture turns a terminal's coloured text into an SVG picture, for the
// README:
//
//	COLORTERM=truecolor attn trace --color always "a b c" | picture -command 'attn trace "a b c"' > trace.svg
//
// It knows what attn's output is made of, no more: truecolor ink, bold,
// underline, and characters one column wide. Bars and dots are drawn as shapes,
// because fonts differ in where they put them.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	command := flag.String("command", "", "the command that printed it, shown above it")
	blocks := flag.String("blocks", "", "show only these numbered blocks: 1,4,6")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *command, *blocks); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, command, blocks string) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	lines, err := parse(string(data))
	if err != nil {
		return err
	}
	if blocks != "" {
		if lines, err = choose(lines, strings.Split(blocks, ",")); err != nil {
			return err
		}
	}
	if command != "" {
		lines = append([]line{typed(command), nil}, lines...)
	}
	w := bufio.NewWriter(out)
	draw(w, lines)
	return w.Flush()
}

// typed is the line on which the command was entered.
func typed(command string) line {
	l := line{{'$', style{color: muted}}, {' ', style{}}}
	for _, r := range command {
		l = append(l, cell{r, style{}})
	}
	return l
}

// choose keeps what stands above the numbered blocks and those asked for; a
// faint mark stands for what is left out.
func choose(lines []line, wanted []string) ([]line, error) {
	var kept []line
	found, cut := 0, false
	keep := true
	for i, l := range lines {
		if i == 0 || len(lines[i-1]) == 0 {
			number, _, _ := strings.Cut(l.text(), " ")
			if _, err := strconv.Atoi(number); err == nil {
				keep = slices.Contains(wanted, number)
				if keep {
					found++
				} else if !cut {
					kept = append(kept, line{{' ', style{}}, {' ', style{}}, {'⋮', style{color: muted}}}, nil)
				}
				cut = !keep
			}
		}
		if keep {
			kept = append(kept, l)
		}
	}
	if found != len(wanted) {
		return nil, fmt.Errorf("%d of the blocks %s are there", found, strings.Join(wanted, ","))
	}
	for len(kept) > 0 && len(kept[len(kept)-1]) == 0 {
		kept = kept[:len(kept)-1]
	}
	return kept, nil
}
