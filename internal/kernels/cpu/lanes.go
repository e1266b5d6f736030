package cpu

import "math"

// laneSums is how far the queries of a panel's lanes have come. Scores are in
// units of ln 2, so that their weights are powers of two; all but the first two
// are relative to 2^top. The assembly knows where each part lies.
type laneSums struct {
	top, next       [mostLanes]float32 // what is not far below the largest score so far, without and with the panel at hand
	fall            [mostLanes]float32 // 2^(top − next): what older sums are multiplied with
	sum, tilt, near [mostLanes]float64 // of 2^s, of 2^s (s − top), of 2^s over the near keys
	last            [mostLanes]float32 // the score in a list's last place
	first           [mostLanes]float32 // key 0's
}

// begin clears the sums.
func (l *laneSums) begin(top float32) {
	*l = laneSums{}
	for i := range l.top {
		l.top[i], l.next[i], l.last[i] = top, top, float32(math.Inf(-1))
	}
}

// slack is how far, in units of ln 2, scores may rise above what sums are
// relative to. Sums of weights up to 2^8 are as exact and far from overflow, and
// after the first panel there is next to nothing to scale down.
const slack = 8

// stay keeps what the sums of so many lanes are relative to while no score is far
// above it.
func (l *laneSums) stay(lanes int) {
	for i, top := range l.top[:lanes] {
		if l.next[i]-top <= slack {
			l.next[i] = top
		}
	}
}

// noWeight is an exponent of two whose power is 0.
const noWeight = -150

// power is 2^x for an x that is not far above 0.
func power(x float32) float32 { return float32(math.Exp2(float64(x))) }

// loops are fused attention's loops in portable Go, over so many lanes.
type loops int

// weigh is set.weigh.
func (n loops) weigh(s []float32, sums *laneSums, keys int) bool {
	lanes := int(n)
	fell := false
	for l := range lanes {
		top := sums.next[l]
		sums.fall[l] = power(max(noWeight, sums.top[l]-top))
		fell = fell || sums.fall[l] != 1
		sum, tilt := 0.0, 0.0
		for j := range keys {
			x := max(noWeight, s[j*lanes+l]-top)
			p := power(x)
			s[j*lanes+l] = p
			sum, tilt = sum+float64(p), tilt+float64(p)*float64(x)
		}
		sums.settle(l, sum, tilt)
	}
	return fell
}

// settle brings a lane's sums up to date with those of a panel, and with what
// older ones have fallen by.
func (l *laneSums) settle(lane int, sum, tilt float64) {
	down, fallen := float64(l.fall[lane]), max(noWeight, float64(l.top[lane])-float64(l.next[lane]))
	l.tilt[lane] = down*(l.tilt[lane]+l.sum[lane]*fallen) + tilt
	l.sum[lane] = down*l.sum[lane] + sum
	l.near[lane] *= down
	l.top[lane] = l.next[lane]
}

// stays reports whether so many lanes' sums stay relative to what they were, which
// is a number.
func (l *laneSums) stays(lanes int) bool {
	for i, top := range l.top[:lanes] {
		if l.next[i]-top != 0 {
			return false
		}
	}
	return true
}

// gain is settle for lanes that stay.
func (l *laneSums) gain(sum, tilt []float32) {
	for i, x := range sum {
		l.fall[i] = 1
		l.sum[i] += float64(x)
		l.tilt[i] += float64(tilt[i])
	}
}

// tops is set.tops.
func (n loops) tops(s []float32, sums *laneSums, masks []uint16, keys int) {
	lanes := int(n)
	for v := 0; v < lanes; v += 16 {
		next, last, masks := sums.next[v:v+16], sums.last[v:v+16], masks[v/16*fewestKeys:]
		for j := range keys {
			mask := 0
			for l, x := range s[j*lanes+v:][:16] {
				if x > next[l] {
					next[l] = x
				}
				if x > last[l] {
					mask |= 1 << l
				}
			}
			masks[j] = uint16(mask)
		}
		clear(masks[keys:roundUp(keys, 64)])
	}
}

// lower is set.lower.
func (n loops) lower(c, factors []float32, rows int) {
	lanes := int(n)
	factors = factors[:lanes]
	for r := range rows {
		for l, v := range c[r*lanes:][:lanes] {
			c[r*lanes+l] = v * factors[l]
		}
	}
}

// near is set.near.
func (n loops) near(sum, s []float32, behind, near, keys int) {
	lanes := int(n)
	for l := range lanes {
		for j := max(0, behind+l-near+1); j < min(keys, behind+l+near); j++ {
			sum[l] += s[j*lanes+l]
		}
	}
}

// give is set.give.
func (n loops) give(sum, s, shift []float32, queries int) {
	lanes := int(n)
	for i, by := range shift[:queries] {
		for l, x := range s[i*lanes:][:lanes] {
			sum[l] += power(max(noWeight, x-by))
		}
	}
}

// flip is set.flip in portable Go.
func flip(dst, src []float32, ldd, lds, rows, cols int) {
	for r := range rows {
		for c, v := range src[r*lds:][:cols] {
			dst[c*ldd+r] = v
		}
	}
}
