package trace

import (
	"fmt"
	"math"
)

// The identities of what fused attention tells of a pattern. A weight is a
// float32, and so are the sums that they are held to: n of them are off by n
// times its rounding at most, and what they say here is coarser.
const statTolerance = 1e-5

// given is what a query takes from all keys together.
func (t *Trace) given(layer, row int) float64 { return 1 - t.sinkShare(layer, row) }

// checkListed: the weights listed and the rest are all that a query gives.
func (t *Trace) checkListed(layer int) error {
	weights, ok1 := t.Held(InBlock(layer, TopWeights))
	rest, ok2 := t.InBlock(layer, TopRest)
	if !ok1 || !ok2 {
		return nil
	}
	rows := weights.Rows
	for i := range weights.Value.Shape[1].Size {
		pos := i
		if rows != nil {
			pos = rows[i]
		}
		for head := range weights.Value.Shape[0].Size {
			sum := float64(rest.At(head, pos))
			for _, w := range weights.Value.Row(head, i) {
				sum += float64(w)
			}
			if want := t.given(layer, head*len(t.Tokens)+pos); math.Abs(sum-want) > statTolerance {
				return fmt.Errorf("%s: head %d, query %d: the weights and the rest sum to %v, not to %v", InBlock(layer, TopWeights), head, pos, sum, want)
			}
		}
	}
	return nil
}

// checkEntropy: no query looks more widely than at all keys alike.
func (t *Trace) checkEntropy(layer int) error {
	entropy, ok := t.InBlock(layer, Entropy)
	if !ok {
		return nil
	}
	most := math.Log(float64(len(t.Tokens)))
	for i, h := range entropy.Data {
		if h < 0 || float64(h) > most+statTolerance {
			return fmt.Errorf("%s: value %d is %v, of %d keys it is 0 to %v", InBlock(layer, Entropy), i, h, len(t.Tokens), most)
		}
	}
	return nil
}

// checkReceived: all keys together receive what all queries give.
func (t *Trace) checkReceived(layer int) error {
	received, ok := t.InBlock(layer, Received)
	if !ok {
		return nil
	}
	n := len(t.Tokens)
	for head := range received.Shape[0].Size {
		got, want := 0.0, 0.0
		for pos, v := range received.Row(head) {
			got += float64(v)
			want += t.given(layer, head*n+pos)
		}
		if math.Abs(got-want) > statTolerance*float64(n) {
			return fmt.Errorf("%s: head %d receives %v in all, its queries give %v", InBlock(layer, Received), head, got, want)
		}
	}
	return nil
}

// checkPooled: the blocks of keys together receive what a block's queries give.
func (t *Trace) checkPooled(layer int) error {
	pooled, ok := t.InBlock(layer, Pooled)
	if !ok {
		return nil
	}
	n, size := len(t.Tokens), BlockSize(len(t.Tokens))
	for head := range pooled.Shape[0].Size {
		for block := range pooled.Shape[1].Size {
			got, want := 0.0, 0.0
			for _, v := range pooled.Row(head, block) {
				got += float64(v)
			}
			from, to := block*size, min((block+1)*size, n)
			for pos := from; pos < to; pos++ {
				want += t.given(layer, head*n+pos) / float64(to-from)
			}
			if math.Abs(got-want) > statTolerance {
				return fmt.Errorf("%s: head %d, block %d of queries gives %v, not %v", InBlock(layer, Pooled), head, block, got, want)
			}
		}
	}
	return nil
}

// checkTilePattern holds each weight of a tile to its score.
func (t *Trace) checkTilePattern(layer int) error {
	scores, ok1 := t.InBlock(layer, TileScores)
	pattern, ok2 := t.InBlock(layer, TilePattern)
	lse, ok3 := t.InBlock(layer, LSE)
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	for head := range scores.Shape[0].Size {
		for i := range scores.Shape[1].Size {
			log := float64(lse.At(head, t.Meta.Tile.Queries[0]+i))
			for j, s := range scores.Row(head, i) {
				want := math.Exp(float64(s) - log)
				if got := float64(pattern.At(head, i, j)); !near(got, want, 1, statTolerance*math.Max(1, math.Abs(log))) {
					return fmt.Errorf("%s: head %d, query %d gives key %d the weight %v, its score says %v",
						InBlock(layer, TilePattern), head, t.Meta.Tile.Queries[0]+i, t.Meta.Tile.Keys[0]+j, got, want)
				}
			}
		}
	}
	return nil
}
