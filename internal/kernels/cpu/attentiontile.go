package cpu

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// The two products of fused attention, a tile at a time: what assembly would
// take over.

// scoreTile sets c [rows, cols] to the products of queries [rows, d] and keys
// [cols, d], whose rows are aligned to a lane; see dots.
//
//	c[i, j] = sum_e q[i, e] k[j, e]
func scoreTile(c, q, k matrix, rows, cols, d int) {
	gonum.Implementation{}.Sgemm(blas.NoTrans, blas.Trans, rows, cols, d, 1, q.data, q.stride, k.data, k.stride, 0, c.data, c.stride)
}

// mixTile adds weighted values to c [rows, wide]: weights [rows, keys], values
// [keys, wide]. A weight of zero adds nothing, whatever the value.
//
//	c[i, e] += sum_j w[i, j] v[j, e]
func mixTile(c, w, v matrix, rows, wide, keys int) {
	for e := 0; e < wide; e += tile { // gonum would start goroutines for more at once
		gonum.Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, rows, min(tile, wide-e), keys,
			1, w.data, w.stride, v.data[e:], v.stride, 1, c.data[e:], c.stride)
	}
}
