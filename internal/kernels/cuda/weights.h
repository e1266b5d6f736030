// One number of a weight in its file's own type. The layouts and the order of
// the roundings are those of internal/tensor/quant.go, to the last bit.
#pragma once
#include "gpu.h"

// The types, in the order of tensor.DType.
enum Type { F32 = 1, F16, BF16, F8E4M3, F8E5M2, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4 };

DEVICE float half_to_float(u16 bits) { return (float)__builtin_bit_cast(_Float16, bits); }

// scale reads a block's scale, a binary16 at any address.
DEVICE float scale(const u8 *at) { return half_to_float((u16)(at[0] | at[1] << 8)); }

DEVICE float e4m3_to_float(u8 b) {
	u32 sign = (u32)(b & 0x80) << 24, exponent = b >> 3 & 0xf, fraction = b & 7;
	if ((b & 0x7f) == 0x7f) return from_bits(sign | 0x7fc00000);
	if (exponent != 0) return from_bits(sign | (exponent + 120) << 23 | fraction << 20);
	return from_bits(sign | to_bits((float)fraction * (1.0f / 512)));
}

// nibble is number j of 32 whose low nibbles come first.
DEVICE int nibble(const u8 *q, int j) { return q[j & 15] >> (j >> 4) * 4 & 15; }

// fifth is bit j of four bytes, where a fifth bit stands.
DEVICE int fifth(const u8 *h, int j) { return (h[j >> 3] >> (j & 7) & 1) << 4; }

// The tables are packed into numbers, for arrays would lie in local memory.

// iq4 is ggml-common.h's kvalues_iq4nl.
DEVICE float iq4(int q) {
	const unsigned long low = 0xf6eaddcfbfad9881ul, high = 0x7159453526190d01ul;
	return (float)(signed char)((q < 8 ? low : high) >> (q & 7) * 8);
}

// e2m1 is twice a float with two bits of exponent and one of fraction.
DEVICE float e2m1(int q) {
	float x = (float)(0x0c08060403020100ul >> (q & 7) * 8 & 0xff);
	return q < 8 ? x : 0 - x;
}

DEVICE float half_power_of_two(u8 e) { return e < 2 ? from_bits(0x00200000u << e) : from_bits((u32)(e - 1) << 23); }

// scale_q3 is scale i of 16 of a Q3_K block.
DEVICE int scale_q3(const u8 *s, int i) { return (s[i % 8] >> i / 8 * 4 & 15) | (s[8 + i % 4] >> i / 4 * 2 & 3) << 4; }

// scaled_q4 is d s q - dmin m of the j-th 32 numbers of a Q4_K or Q5_K block.
DEVICE float scaled_q4(const u8 *b, int j, int q) {
	const u8 *s = b + 4;
	int sc = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
	int m = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | s[j] >> 6 << 4;
	return scale(b) * (float)sc * (float)q - scale(b + 2) * (float)m;
}

// element returns number i of a matrix.
template <Type T>
DEVICE float element(const u8 *w, long i) {
	if constexpr (T == F32) return ((const float *)w)[i];
	if constexpr (T == F16) return half_to_float(((const u16 *)w)[i]);
	if constexpr (T == BF16) return from_bits((u32)((const u16 *)w)[i] << 16);
	if constexpr (T == F8E4M3) return e4m3_to_float(w[i]);
	if constexpr (T == F8E5M2) return half_to_float((u16)(w[i] << 8));
	if constexpr (T == Q4_0) {
		const u8 *b = w + i / 32 * 18;
		return scale(b) * (float)(nibble(b + 2, i % 32) - 8);
	}
	if constexpr (T == Q4_1) {
		const u8 *b = w + i / 32 * 20;
		return scale(b) * (float)nibble(b + 4, i % 32) + scale(b + 2);
	}
	if constexpr (T == Q5_0) {
		const u8 *b = w + i / 32 * 22;
		int j = i % 32;
		return scale(b) * (float)((nibble(b + 6, j) | fifth(b + 2, j)) - 16);
	}
	if constexpr (T == Q5_1) {
		const u8 *b = w + i / 32 * 24;
		int j = i % 32;
		return scale(b) * (float)(nibble(b + 8, j) | fifth(b + 4, j)) + scale(b + 2);
	}
	if constexpr (T == Q8_0) {
		const u8 *b = w + i / 32 * 34;
		return scale(b) * (float)(signed char)b[2 + i % 32];
	}
	if constexpr (T == Q2_K) {
		const u8 *b = w + i / 256 * 84;
		int n = i % 256, g = n / 16;
		int q = b[16 + g / 8 * 32 + n % 32] >> g / 2 % 4 * 2 & 3;
		return scale(b + 80) * (float)(b[g] & 15) * (float)q - scale(b + 82) * (float)(b[g] >> 4);
	}
	if constexpr (T == Q3_K) {
		const u8 *b = w + i / 256 * 110;
		int n = i % 256, g = n / 16, at = n % 32;
		int q = (b[32 + g / 8 * 32 + at] >> g / 2 % 4 * 2 & 3) | (b[at] >> g / 2 & 1) << 2;
		return scale(b + 108) * (float)(scale_q3(b + 96, g) - 32) * (float)(q - 4);
	}
	if constexpr (T == Q4_K) {
		const u8 *b = w + i / 256 * 144;
		int n = i % 256;
		return scaled_q4(b, n / 32, b[16 + n / 64 * 32 + n % 32] >> n / 32 % 2 * 4 & 15);
	}
	if constexpr (T == Q5_K) {
		const u8 *b = w + i / 256 * 176;
		int n = i % 256, j = n / 32;
		return scaled_q4(b, j, (b[48 + n / 64 * 32 + n % 32] >> j % 2 * 4 & 15) | (b[16 + n % 32] >> j & 1) << 4);
	}
	if constexpr (T == Q6_K) {
		const u8 *b = w + i / 256 * 210;
		int n = i % 256, g = n / 16, h = n / 128, j = n / 32 % 4;
		int q = (b[64 * h + j % 2 * 32 + n % 32] >> j / 2 * 4 & 15) | (b[128 + 32 * h + n % 32] >> 2 * j & 3) << 4;
		return scale(b + 208) * (float)(signed char)b[192 + g] * (float)(q - 32);
	}
	if constexpr (T == IQ4_NL) {
		const u8 *b = w + i / 32 * 18;
		return scale(b) * iq4(nibble(b + 2, i % 32));
	}
	if constexpr (T == IQ4_XS) {
		const u8 *b = w + i / 256 * 136;
		int n = i % 256, j = n / 32;
		int s = (b[4 + j / 2] >> j % 2 * 4 & 15) | ((b[2] | b[3] << 8) >> 2 * j & 3) << 4;
		return scale(b) * (float)(s - 32) * iq4(nibble(b + 8 + 16 * j, n % 32));
	}
	if constexpr (T == MXFP4) {
		const u8 *b = w + i / 32 * 17;
		return half_power_of_two(b[0]) * e2m1(nibble(b + 1, i % 32));
	}
}

// EACH_TYPE expands X for every type.
#define EACH_TYPE(X) \
	X(F32) X(F16) X(BF16) X(F8E4M3) X(F8E5M2) X(Q4_0) X(Q4_1) X(Q5_0) X(Q5_1) X(Q8_0) \
	X(Q2_K) X(Q3_K) X(Q4_K) X(Q5_K) X(Q6_K) X(IQ4_NL) X(IQ4_XS) X(MXFP4)
