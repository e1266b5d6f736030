package kernels

import (
	"errors"
	"fmt"

	"attn/internal/tensor"
)

// FusedAttention is what a backend may offer beyond its steps: attention in one
// op, whose memory grows with the text and not with its square (Rabe and Staats
// 2021; Dao et al. 2022), and with it what can be said about patterns that
// nobody has ever held whole.
type FusedAttention interface {
	// Attention returns each query's weighted sum of values: q [pos T, head H,
	// d_head D], k [pos N, head KV, d_head D], v [pos N, head KV, d_head DV] ->
	// [pos T, head H, d_head DV]. It is what Scores, Scale, Softcap, ALiBi, Mask,
	// Softmax or SoftmaxSink, and Mix make, in this order.
	//
	// N may be another number than T where the mask hides nothing, as in an encoder's
	// and decoder's cross-attention. A causal mask or a window is refused there: it
	// compares positions, and a key of another text is neither before nor after a
	// query.
	//
	// On a backend that is Overlapping the statistics' numbers are there after Settle.
	Attention(q, k, v Array, o AttentionOpts) (Array, AttentionStats)
}

// Attender is a backend that takes queries to patterns and sums of values in one go,
// where nobody wants the steps between as arrays.
type Attender interface {
	// Attend is what Scores, Scale, Mask, Softmax and Mix make of q, k and v, in this
	// order: the same numbers, where a zero of z may have the other sign.
	Attend(q, k, v Array, factor float32, m Mask) (pattern, z Array)
}

// Lender is a backend whose arrays lie where anybody can read them, so that a step
// that is kept need not be held twice.
type Lender interface {
	// Lend is Get without the copy. Nobody writes to what it returns: the backend
	// reads it as before, and leaves it as it is for as long as somebody holds it.
	Lend(a Array) tensor.Tensor
	// Return says that nobody holds what Lend returned any more, however often it
	// lent the same: its memory may be used again. What was not lent is left alone.
	Return(t tensor.Tensor)
}

// Interruptible is a backend that can be asked to end the op that it is in. Its
// ops ask stop every few milliseconds and, once it says yes, return whatever
// they have; nil never does. Several threads may ask at once.
type Interruptible interface {
	Interrupt(stop func() bool)
}

// AttentionOpts say what attention does between q·k and the softmax, and what
// it tells of the pattern.
type AttentionOpts struct {
	Scale   float32   // of q·k
	Softcap float32   // scores are bent to at most this; 0 is not
	Slopes  []float32 // of ALiBi, one per head; nil is none
	Sinks   []float32 // a logit per head that belongs to no key; nil is none
	Mask    Mask

	Rows   bool  // each query's log-sum-exp, entropy and masses
	Near   int   // how many keys around a query its near mass counts, itself among them; with Rows
	Top    int   // keys listed for each query; 0 is none
	Blocks int   // the pooled map has at most so many blocks to a side; 0 is no map
	Keys   bool  // what each key receives
	Tile   *Tile // the part of the pattern that is kept as it is; nil is none
}

// Tile is a rectangle of a pattern: queries and keys from the first number to
// before the second.
type Tile struct{ Queries, Keys [2]int }

// AttentionStats tell of each head's pattern what AttentionOpts ask for; the
// others are the zero Tensor. With p(q, k) the weight that query q gives key k,
// both numbered from 0 in their own text:
//
//	LSE         log Σ_k e^score, the sink's among them    [head H, query_pos T]
//	Entropy     −Σ_k p log p, in nats                     [head H, query_pos T]
//	First       p(q, 0)                                   [head H, query_pos T]
//	Near        Σ p(q, k) over |q − k| < AttentionOpts.Near [head H, query_pos T]
//	Sink        1 − Σ_k p, with sinks alone               [head H, query_pos T]
//	TopKeys     the keys with the most weight, the largest first, the earlier
//	            of two alike; −1 where the mask leaves none [head H, query_pos T, rank Top]
//	TopWeights  their weights                             [head H, query_pos T, rank Top]
//	Rest        Σ p over the keys that are not listed     [head H, query_pos T]
//	Received    Σ_q p(q, k)                               [head H, key_pos N]
//	Pooled      what the queries of a block give, on average, to the keys of a
//	            block together                            [head H, query_block B, key_block C]
//	TileScores  the scores, −Inf where masked             [head H, tile_query, tile_key]
//	TilePattern p                                         [head H, tile_query, tile_key]
//
// They are plain tensors: small beside what they are of, and for readers alone.
type AttentionStats struct {
	LSE, Entropy, First, Near, Sink tensor.Tensor
	TopKeys, TopWeights, Rest       tensor.Tensor
	Received, Pooled                tensor.Tensor
	TileScores, TilePattern         tensor.Tensor
}

// MaxTop bounds AttentionOpts.Top: the lists are kept while keys pass by.
const MaxTop = 64

// maxTile bounds a tile's cells.
const maxTile = 1 << 18

// BlockSize is how many neighbouring queries, or keys, are one block of a pooled
// map of n positions, the longer side's.
func BlockSize(n, blocks int) int { return (n + blocks - 1) / blocks }

// AttentionShape is the shape of Attention's result: [pos T, head H, d_head DV].
func AttentionShape(q, k, v []tensor.Dim, o AttentionOpts) ([]tensor.Dim, error) {
	if len(q) != 3 || len(k) != 3 || len(v) != 3 {
		return nil, fmt.Errorf("attention: q %s, k %s and v %s are not [pos, head, d_head]",
			tensor.ShapeString(q), tensor.ShapeString(k), tensor.ShapeString(v))
	}
	queries, keys, heads, kv := q[0].Size, k[0].Size, q[1].Size, k[1].Size
	if v[0].Size != keys || k[2].Size != q[2].Size || v[1].Size != kv {
		return nil, fmt.Errorf("attention: q %s, k %s and v %s do not meet", tensor.ShapeString(q), tensor.ShapeString(k), tensor.ShapeString(v))
	}
	if kv < 1 || heads%kv != 0 {
		return nil, fmt.Errorf("attention: %d heads do not share %d key heads", heads, kv)
	}
	if keys != queries && o.Mask != (Mask{}) {
		return nil, fmt.Errorf("attention: the mask %v compares positions of one text, q has %d and k has %d", o.Mask, queries, keys)
	}
	if err := o.check(queries, keys, heads); err != nil {
		return nil, fmt.Errorf("attention: %w", err)
	}
	return checked("attention", q[0], q[1], v[2])
}

func (o AttentionOpts) check(queries, keys, heads int) error {
	switch {
	case o.Softcap < 0 || o.Softcap != o.Softcap:
		return fmt.Errorf("the limit of the softcap is %v", o.Softcap)
	case o.Slopes != nil && len(o.Slopes) != heads:
		return fmt.Errorf("%d slopes for %d heads", len(o.Slopes), heads)
	case o.Sinks != nil && len(o.Sinks) != heads:
		return fmt.Errorf("%d sinks for %d heads", len(o.Sinks), heads)
	case o.Mask.Window < 0:
		return fmt.Errorf("a window of %d keys", o.Mask.Window)
	case o.Near < 0 || o.Blocks < 0 || o.Top < 0 || o.Top > MaxTop:
		return errors.New("a size is below 0, or more keys are to be listed than can be")
	}
	if o.Tile == nil {
		return nil
	}
	cells := 1
	for i, side := range [][2]int{o.Tile.Queries, o.Tile.Keys} {
		if n := []int{queries, keys}[i]; side[0] < 0 || side[0] >= side[1] || side[1] > n {
			return fmt.Errorf("a tile from %d to %d of %d positions", side[0], side[1], n)
		}
		cells *= min(side[1]-side[0], maxTile+1)
	}
	if cells > maxTile {
		return fmt.Errorf("a tile of more than %d cells", maxTile)
	}
	return nil
}

// NewAttentionStats returns zeros for every statistic that the options ask for.
func NewAttentionStats(queries, keys, heads int, o AttentionOpts) AttentionStats {
	var s AttentionStats
	head, query, key := tensor.D(tensor.Head, heads), tensor.D(tensor.QueryPos, queries), tensor.D(tensor.KeyPos, keys)
	if o.Rows {
		for _, of := range []*tensor.Tensor{&s.LSE, &s.Entropy, &s.First, &s.Near} {
			*of = tensor.New(head, query)
		}
		if o.Sinks != nil {
			s.Sink = tensor.New(head, query)
		}
	}
	if o.Top > 0 {
		list := []tensor.Dim{head, query, tensor.D(tensor.Rank, o.Top)}
		s.TopKeys, s.TopWeights, s.Rest = tensor.New(list...), tensor.New(list...), tensor.New(head, query)
	}
	if o.Keys {
		s.Received = tensor.New(head, key)
	}
	if o.Blocks > 0 {
		size := BlockSize(max(queries, keys), o.Blocks)
		s.Pooled = tensor.New(head, tensor.D(tensor.QueryBlock, BlockSize(queries, size)), tensor.D(tensor.KeyBlock, BlockSize(keys, size)))
	}
	if o.Tile != nil {
		rows, cols := o.Tile.Queries[1]-o.Tile.Queries[0], o.Tile.Keys[1]-o.Tile.Keys[0]
		cells := []tensor.Dim{head, tensor.D(tensor.TileQuery, rows), tensor.D(tensor.TileKey, cols)}
		s.TileScores, s.TilePattern = tensor.New(cells...), tensor.New(cells...)
	}
	return s
}
