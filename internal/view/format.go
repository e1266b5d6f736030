package view

import (
	"fmt"
	"math"
	"strings"
)

var nan = math.NaN()

// weight writes a share of 1 the short way: .58, 1.00, -.03.
func weight(v float64) string {
	s := fmt.Sprintf("%.2f", v)
	s = strings.Replace(s, "-0.", "-.", 1)
	if strings.HasPrefix(s, "0.") {
		s = s[1:]
	}
	return s
}
