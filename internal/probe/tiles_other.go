//go:build !amd64

package probe

// tiles is the loop of bfloat16 products in tiles: there is none here.
func tiles() (loop, bool) { return loop{}, false }
