package text

import (
	"math"
	"strconv"
	"strings"
)

// fixed writes v with that many decimals; what rounds to zero has no sign.
func fixed(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.HasPrefix(s, "-") && strings.Trim(s, "-0.") == "" {
		return s[1:]
	}
	return s
}

// bare writes v with that many decimals and no zero before the point: .58
func bare(v float64, decimals int) string {
	s := fixed(v, decimals)
	if decimals == 0 {
		return s
	}
	if rest, ok := strings.CutPrefix(s, "0."); ok {
		return "." + rest
	}
	if rest, ok := strings.CutPrefix(s, "-0."); ok {
		return "-." + rest
	}
	return s
}

// scientific writes v in as few characters as its size needs: 9e15
func scientific(v float64) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 0, 64), "e")
	n, _ := strconv.Atoi(exponent)
	if n == 0 {
		return mantissa
	}
	return mantissa + "e" + strconv.Itoa(n)
}

// infinite writes the numbers that fixed has no digits for.
func infinite(v float64) (string, bool) {
	switch {
	case math.IsNaN(v):
		return "", true
	case math.IsInf(v, -1):
		return "-inf", true
	case math.IsInf(v, 1):
		return "inf", true
	}
	return "", false
}

// grouped writes a whole number with its thousands apart: 57,982,058,496
func grouped(v float64) string {
	if math.Abs(v) >= 1<<63 {
		return strconv.FormatFloat(v, 'e', 3, 64)
	}
	digits := strconv.FormatInt(int64(math.Round(v)), 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
