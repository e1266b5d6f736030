package cpu

// tile is set.tile in portable Go, four sums at a time.
func tile(c, a, b []float32, ldc, lda, k, rows int, add bool) {
	for r := range rows {
		row := a[r*lda:][:k]
		for j := 0; j < 16; j += 4 {
			var s0, s1, s2, s3 float32
			for p, x := range row {
				w := b[p*16+j:][:4]
				s0 += x * w[0]
				s1 += x * w[1]
				s2 += x * w[2]
				s3 += x * w[3]
			}
			to := c[r*ldc+j:][:4]
			if add {
				s0, s1, s2, s3 = s0+to[0], s1+to[1], s2+to[2], s3+to[3]
			}
			to[0], to[1], to[2], to[3] = s0, s1, s2, s3
		}
	}
}

// transpose is set.transpose in portable Go.
func transpose(dst, src []float32, wide, stride, k int) {
	for j := range 8 {
		for p, v := range src[j*stride:][:k] {
			dst[wide*p+j] = v
		}
	}
}
