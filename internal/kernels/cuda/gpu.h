// What kernels need of the language, without NVIDIA's headers: clang's own
// builtins (BuiltinsNVPTX.td).
#pragma once

#define KERNEL extern "C" __attribute__((global))
#define DEVICE static inline __attribute__((device, always_inline))
#define SHARED __attribute__((shared)) static

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

DEVICE int thread() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE int threads() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE int block_x() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE int block_y() { return __nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE int block_z() { return __nvvm_read_ptx_sreg_ctaid_z(); }
DEVICE long global_thread() { return (long)block_x() * threads() + thread(); }

// barrier waits for all threads of the block.
DEVICE void barrier() { __nvvm_bar_sync(0); }

// from_lane is what another lane of the warp has; all lanes ask at once.
DEVICE float from_lane(float mine, int lane) { return __nvvm_shfl_sync_idx_f32(0xffffffff, mine, lane, 31); }

DEVICE float from_bits(u32 bits) { return __builtin_bit_cast(float, bits); }
DEVICE u32 to_bits(float x) { return __builtin_bit_cast(u32, x); }

DEVICE float infinity() { return __builtin_inff(); }
DEVICE float magnitude(float x) { return from_bits(to_bits(x) & 0x7fffffff); }

// exp: e^x = 2^(x log2 e). Rounding the product is off by |x| u in the result.
DEVICE float exp(float x) { return __nvvm_ex2_approx_f(x * 1.44269504088896341f); }

// larger is the larger of two numbers, or NaN when one of them is.
DEVICE float larger(float a, float b) { return b > a || b != b ? b : a; }

// logarithm: ln x = log2 x ln 2.
DEVICE float logarithm(float x) { return __nvvm_lg2_approx_f(x) * 0.693147180559945309f; }

// What reductions are made of.
struct Sum {
	template <typename T> __attribute__((device)) T operator()(T a, T b) const { return a + b; }
};

struct Larger {
	__attribute__((device)) float operator()(float a, float b) const { return larger(a, b); }
};
