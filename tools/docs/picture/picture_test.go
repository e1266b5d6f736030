package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

const sample = "\x1b[1mhead <&>\x1b[0m\n\n1 \x1b[38;2;88;196;221mone\x1b[0m ● ▃█▌\n\n2 two\n\n3 \x1b[48;2;1;2;3;4mthree\x1b[0m ▸ ─\n"

func picture(t *testing.T, input, blocks string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(strings.NewReader(input), &out, "attn trace", blocks); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPictureIsXML(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(picture(t, sample, "")))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestStyles(t *testing.T) {
	svg := picture(t, sample, "")
	for _, want := range []string{
		`class="b">&lt;&amp;&gt;</text>`, `fill="#58c4dd"`, `fill="#010203"`, `text-decoration="underline">three</text>`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
	for _, shape := range "●▃█▌▸─" {
		if strings.ContainsRune(svg, shape) {
			t.Errorf("%c is written, not drawn", shape)
		}
	}
}

func TestBlocks(t *testing.T) {
	svg := picture(t, sample, "1,3")
	if strings.Contains(svg, "two") || !strings.Contains(svg, "three") || strings.Count(svg, "⋮") != 1 {
		t.Errorf("blocks 1 and 3 of 3:\n%s", svg)
	}
	if err := run(strings.NewReader(sample), io.Discard, "", "4"); err == nil {
		t.Error("a block that is not there was found")
	}
}

func TestRefusals(t *testing.T) {
	for _, input := range []string{"\x1b[31mred", "\x1b[38;5;12mindexed", "\x1b[2J", "\x1b[", "\x1b[38;2;1;2;300m"} {
		if err := run(strings.NewReader(input), io.Discard, "", ""); err == nil {
			t.Errorf("%q was drawn", input)
		}
	}
}
