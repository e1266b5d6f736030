package ptx

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// halves packs two 16-bit numbers into a word, the first below.
func halves(low, high uint32) uint32 { return low | high<<16 }

// TestLoadMatrix loads 8 x 8 matrices whose number in row r of the tile, column c,
// is 8r + c. Lane l gives the address of row 5l mod 32.
func TestLoadMatrix(t *testing.T) {
	const begin = `
	sub.s64 %rd6, %rd1, %rd3; mul.wide.u32 %rd7, %r1, 16; add.s64 %rd6, %rd6, %rd7;
	ld.global.v4.b32 {%r4, %r5, %r6, %r7}, [%rd6]; add.s64 %rd7, %rd5, %rd7;
	st.shared.v4.b32 [%rd7], {%r4, %r5, %r6, %r7}; bar.sync 0;
	mul.lo.s32 %r8, %r1, 5; and.b32 %r8, %r8, 31; mul.wide.u32 %rd7, %r8, 16; add.s64 %rd7, %rd5, %rd7;
	setp.ge.u32 %p1, %r1, LANES; selp.b64 %rd7, 1, %rd7, %p1; // nobody asks the others
	`
	var in []uint32
	for i := range uint32(128) {
		in = append(in, halves(2*i, 2*i+1))
	}
	for count := 1; count <= 4; count *= 2 {
		for _, across := range []string{"", ".trans"} {
			registers := []string{"%r9", "%r10", "%r11", "%r12"}[:count]
			load := fmt.Sprintf("ldmatrix.sync.aligned.m8n8.x%d%s.shared.b16 {%s}, [%%rd7];\n", count, across, strings.Join(registers, ", "))
			for i, register := range registers {
				body := strings.Replace(begin, "LANES", fmt.Sprint(8*count), 1) + load + "mov.b32 %r3, " + register + ";"
				got, err := results(t, body, in, 32, 32)
				if err != nil {
					t.Fatalf("x%d%s: %v", count, across, err)
				}
				row := func(r int) uint32 { return uint32(5 * (8*i + r) % 32) }
				for lane, v := range got {
					first := 2 * (lane % 4)
					want := halves(8*row(lane/4)+uint32(first), 8*row(lane/4)+uint32(first)+1)
					if across != "" {
						want = halves(8*row(first)+uint32(lane/4), 8*row(first+1)+uint32(lane/4))
					}
					if v != want {
						t.Fatalf("x%d%s, matrix %d, lane %d: got %#x, want %#x", count, across, i, lane, v, want)
					}
				}
			}
		}
	}
}

// TestLoadMatrixFaults: rows are aligned, whole, written, and asked for by all.
func TestLoadMatrixFaults(t *testing.T) {
	const load = "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r3}, [%rd7];"
	const fill = "st.shared.b32 [%rd4], %r2; st.shared.b32 [%rd4+256], %r2; bar.sync 0;"
	for name, test := range map[string]struct{ body, want string }{
		"not aligned":     {fill + "add.s64 %rd7, %rd5, 8;" + load, "is not a multiple of 16"},
		"out of bounds":   {fill + "add.s64 %rd7, %rd5, 512;" + load, "bytes 512 to 527 of the 512 of shared variable tile"},
		"never written":   {"mov.b64 %rd7, %rd5;" + load, "byte 0 of shared variable tile was never written"},
		"with no barrier": {"st.shared.b32 [%rd4], %r2; mov.b64 %rd7, %rd5;" + load, "race: byte 4 of shared variable tile was written by thread 1"},
		"by some":         {fill + "mov.b64 %rd7, %rd5; setp.eq.s32 %p1, %r1, 3; @%p1 bra $E;" + load + "\n$E:\n mov.b32 %r3, 0;", "not all lanes"},
	} {
		if _, err := result(t, test.body, make([]uint32, 64)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// Small whole numbers, which all types hold: what TestProducts multiplies.
func leftEntry(row, k int) float32         { return float32((7*row+3*k)%13 - 6) }
func rightEntry(k, column int) float32     { return float32((5*k+2*column+k*column)%11 - 5) }
func sumEntry(row, column int) float32     { return float32(8*row + column) }
func bfloat16Bits(x float32) uint32        { return math.Float32bits(x) >> 16 }
func float16Bits(x float32) uint32         { return uint32(toF16(float64(x))) }
func together(f func(x int) uint32) uint32 { return halves(f(0), f(1)) }

// fragments are what each lane holds of the factors and the sum (section "Matrix
// Fragments for mma.m16n8k16 with floating point type"): four words of a, two of b
// and four of c.
func fragments(bits func(float32) uint32) (words []uint32) {
	for lane := range 32 {
		group, member := lane>>2, lane%4
		for i := 0; i < 8; i += 2 { // numbers i and i+1 of a
			row, k := group, 2*member
			if i == 2 || i == 6 {
				row += 8
			}
			if i >= 4 {
				k += 8
			}
			words = append(words, together(func(x int) uint32 { return bits(leftEntry(row, k+x)) }))
		}
		for i := 0; i < 4; i += 2 { // of b
			k := 2*member + 4*i
			words = append(words, together(func(x int) uint32 { return bits(rightEntry(k+x, group)) }))
		}
		for i := range 4 { // of c
			words = append(words, math.Float32bits(sumEntry(group+i/2*8, 2*member+i%2)))
		}
	}
	return words
}

// TestProducts multiplies 16 x 16 by 16 x 8 whole numbers, and adds 16 x 8.
func TestProducts(t *testing.T) {
	const body = `
	mul.wide.u32 %rd6, %r1, 40; sub.s64 %rd7, %rd1, %rd3; add.s64 %rd7, %rd7, %rd6;
	ld.global.v2.b32 {%r4, %r5}, [%rd7]; ld.global.v2.b32 {%r6, %r7}, [%rd7+8]; ld.global.v2.b32 {%r8, %r9}, [%rd7+16];
	ld.global.v2.b32 {%r10, %r11}, [%rd7+24]; ld.global.v2.b32 {%r12, %r13}, [%rd7+32];
	mma.sync.aligned.m16n8k16.row.col.f32.TYPE.TYPE.f32 {%r14, %r15, %r16, %r17}, {%r4, %r5, %r6, %r7}, {%r8, %r9}, {%r10, %r11, %r12, %r13};
	mul.wide.u32 %rd6, %r1, 16; sub.s64 %rd7, %rd2, %rd3; add.s64 %rd7, %rd7, %rd6;
	st.global.v4.b32 [%rd7+128], {%r14, %r15, %r16, %r17};
	mov.b32 %r3, 0;`
	for name, bits := range map[string]func(float32) uint32{"bf16": bfloat16Bits, "f16": float16Bits} {
		got, err := results(t, strings.ReplaceAll(body, "TYPE", name), fragments(bits), 32, 32+128)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for at, v := range got[32:] {
			lane, i := at/4, at%4
			row, column := lane>>2+i/2*8, 2*(lane%4)+i%2
			want := sumEntry(row, column)
			for k := range 16 {
				want += leftEntry(row, k) * rightEntry(k, column)
			}
			if math.Float32frombits(v) != want {
				t.Errorf("%s, row %d, column %d: got %v, want %v", name, row, column, math.Float32frombits(v), want)
			}
		}
	}
}
