package cpu

// dots is set.dots in portable Go.
func dots(dst, x, w []float32, ldx, ldw, n, rows int) {
	w0, w1, w2, w3 := w[:n], w[ldw:][:n], w[2*ldw:][:n], w[3*ldw:][:n]
	for r := range rows {
		var s0, s1, s2, s3 float32
		for p, v := range x[r*ldx:][:n] {
			s0 += v * w0[p]
			s1 += v * w1[p]
			s2 += v * w2[p]
			s3 += v * w3[p]
		}
		to := dst[4*r:][:4]
		to[0], to[1], to[2], to[3] = s0, s1, s2, s3
	}
}
