package cli

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"attn/internal/kernels"
	"attn/internal/model"
	"attn/internal/trace"
)

// patternBytes is how much memory the patterns of a trace may take. Beyond it, a
// text is long: attn tells of its patterns without holding them.
const patternBytes = 1 << 30

// mapBytes is what so many maps of n × n weights take. It counts in float64,
// which cannot overflow.
func mapBytes(maps, n int) float64 { return 4 * float64(maps) * float64(n) * float64(n) }

// isLong reports whether a text is traced without its patterns: because they
// would be too large, or because what is told of long texts was asked for.
func (r recording) isLong(m *model.Model, n int) bool {
	if r.tile != "" || mapBytes(m.Config.Layers*m.Config.Heads, n) > patternBytes {
		return true
	}
	return slices.ContainsFunc(slices.Concat(r.steps, r.record), func(name string) bool {
		_, base := trace.Split(name)
		hook, ok := trace.FindHook(name)
		return ok && hook.Op == "attention" || strings.HasPrefix(base, "*") && toldOfPatterns(base)
	})
}

// toldOfPatterns: a pattern of hook names that ends in one of those that fused
// attention tells, such as *.hook_lse.
func toldOfPatterns(glob string) bool {
	return slices.ContainsFunc(trace.Hooks(), func(h trace.Hook) bool {
		_, last, _ := strings.Cut(h.Name, ".")
		return h.Op == "attention" && last != "" && strings.HasSuffix(glob, "."+last)
	})
}

// longFocus is the token that a long text is told at: the rows that tell its
// story are kept while the model runs, so it is settled before.
func (r recording) longFocus(t *trace.Trace) (int, error) {
	if r.focus == "" {
		return len(t.Tokens) - 1, nil
	}
	return findFocus(t, r.focus)
}

// longRule says how a long text's head and token were picked.
func longRule(rule string) string { return "the last token of a long text; " + rule }

// tileSide is how many queries and keys are shown as they are when nobody says
// which.
const tileSide = 12

// maxTileCells bounds what --tile asks for.
const maxTileCells = 1 << 18

// tileOf reads what --tile asks for: the part of the pattern before the focus if
// nothing.
func (r recording) tileOf(n, focus int) (*trace.Tile, error) {
	if r.tile == "" {
		side := [2]int{max(0, focus-tileSide+1), focus + 1}
		return &trace.Tile{Queries: side, Keys: side}, nil
	}
	queries, keys, ok := strings.Cut(r.tile, ",")
	t := &trace.Tile{}
	for _, side := range []struct {
		text string
		into *[2]int
	}{{queries, &t.Queries}, {keys, &t.Keys}} {
		from, to, isRange := strings.Cut(side.text, ":")
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if !ok || !isRange || err1 != nil || err2 != nil {
			return nil, usagef("--tile %s: it is Q0:Q1,K0:K1, queries Q0 to before Q1 and keys K0 to before K1", r.tile)
		}
		if first < 0 || first >= last || last > n {
			return nil, usagef("--tile %s: from %d to before %d, the text has positions 0 to %d", r.tile, first, last, n-1)
		}
		*side.into = [2]int{first, last}
	}
	if cells := (t.Queries[1] - t.Queries[0]) * min(t.Keys[1]-t.Keys[0], maxTileCells+1); cells > maxTileCells {
		return nil, usagef("--tile %s: more than %d numbers", r.tile, maxTileCells)
	}
	return t, nil
}

// checkLong refuses what a long text has no room for.
func (r recording) checkLong(m *model.Model, be kernels.Backend, n int, wanted map[string]bool) error {
	if _, ok := be.(kernels.FusedAttention); !ok {
		return failf("a text of %d tokens is traced with fused attention, which the device has not: --device %s", n, be.Name()).
			advise("--device cpu has it; --context N keeps the last N tokens")
	}
	maps := 0
	for name := range wanted {
		if _, base := trace.Split(name); slices.Contains(trace.WholeMaps(), base) {
			maps++
		}
	}
	if maps > 0 && r.tile != "" {
		return usagef("whole patterns are asked for, and a part of them: --tile %s", r.tile)
	}
	if need := mapBytes((maps+3)*m.Config.Heads, n); maps > 0 && need > patternBytes {
		return failf("%d tokens: the scores and patterns asked for take %s, the limit is %s", n, sizeOf(need), sizeOf(patternBytes)).
			advise("--steps pattern tells of them without holding them, --tile Q0:Q1,K0:K1 shows a part, --context N keeps the last N tokens")
	}
	return nil
}

// askedWhole reports whether the user named a step, so that all its rows are
// kept.
func (r recording) askedWhole(name string) bool {
	if slices.Contains(r.steps, name) || name == trace.Logits && slices.Contains(r.steps, "surprise") {
		return true
	}
	return slices.ContainsFunc(r.record, func(pattern string) bool { return trace.Match(pattern, name) })
}

// longNote says that a text is long, and what that means.
func longNote(t *trace.Trace) string {
	for layer := range t.Meta.Model.Layers {
		_, pattern := t.InBlock(layer, trace.Pattern)
		if _, list := t.Held(trace.InBlock(layer, trace.TopKeys)); list && !pattern {
			n, maps := len(t.Tokens), t.Meta.Model.Layers*t.Meta.Model.Heads
			return fmt.Sprintf("%d tokens: the %d patterns of %d × %d, %s in all, are told of without being held (so beyond %s, with this model from %d tokens on; or with --tile)",
				n, maps, n, n, sizeOf(mapBytes(maps, n)), sizeOf(patternBytes), longFrom(maps))
		}
	}
	return ""
}

// longFrom is the first number of tokens at which so many patterns are too large.
func longFrom(maps int) int { return int(math.Sqrt(patternBytes/(4*float64(maps)))) + 1 }

// sizeOf writes a number of bytes.
func sizeOf(bytes float64) string {
	for _, unit := range []string{"bytes", "KiB", "MiB", "GiB", "TiB"} {
		if bytes < 1024 || unit == "TiB" {
			return fmt.Sprintf("%.3g %s", bytes, unit)
		}
		bytes /= 1024
	}
	return ""
}
