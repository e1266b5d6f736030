// A libcuda.so.1 that is none: so much of NVIDIA's driver that attn's way to it
// (internal/kernels/cuda/library_linux.go) can be tested where there is no GPU.
// The GPU's memory is the host's; copies happen at once; three kernels are
// written here, and every launch is kept, with its parameters, for the test to
// compare. As in the driver, calls that need a context fail on a thread that has
// none.
//
// The environment says what goes wrong: CUDA_VISIBLE_DEVICES as the driver reads
// it, FAKE_CUDA_VERSION, FAKE_CUDA_MEMORY (bytes), FAKE_CUDA_PTX=refuse.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int code;
typedef uint64_t place;

enum { INVALID = 1, NO_MEMORY = 2, NO_DEVICE = 100, NO_CONTEXT = 201, BAD_PTX = 218, NO_SYMBOL = 500, FAILED = 719 };

enum { LAUNCHES = 4096, PARAMS = 256, KERNELS = 64, CONTEXT = 0x1234, STREAMS = 16, MODULE = 0x4d };

static _Thread_local uintptr_t current; // context
static int retained, streams, events, modules;
static uint64_t taken;
static long pinned;

static struct launch {
	char name[64];
	unsigned dims[7];
	int bytes;
	unsigned char params[PARAMS];
} launches[LAUNCHES];
static int launched;

static struct kernel { char name[64]; } kernels[KERNELS];
static int known;

static long setting(const char *name, long otherwise) {
	const char *value = getenv(name);
	return value ? atol(value) : otherwise;
}

static int visible(void) {
	const char *value = getenv("CUDA_VISIBLE_DEVICES");
	return !value || !strcmp(value, "0");
}

#define NEEDS_CONTEXT if (current != CONTEXT) return NO_CONTEXT

code cuInit(unsigned flags) { return flags ? INVALID : visible() ? 0 : NO_DEVICE; }
code cuDriverGetVersion(int *version) { return *version = setting("FAKE_CUDA_VERSION", 12080), 0; }
code cuGetErrorName(code c, const char **name) {
	*name = c == NO_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : c == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : c == BAD_PTX ? "CUDA_ERROR_INVALID_PTX" :
		c == FAILED ? "CUDA_ERROR_LAUNCH_FAILED" : c == NO_CONTEXT ? "CUDA_ERROR_INVALID_CONTEXT" : 0;
	return *name ? 0 : INVALID;
}
code cuGetErrorString(code c, const char **text) {
	*text = c == NO_MEMORY ? "out of memory" : c == NO_DEVICE ? "no CUDA-capable device is detected" : c == BAD_PTX ? "a PTX JIT compilation failed" :
		c == FAILED ? "unspecified launch failure" : c == NO_CONTEXT ? "invalid device context" : 0;
	return *text ? 0 : INVALID;
}
code cuDeviceGetCount(int *count) { return *count = visible(), 0; }
code cuDeviceGet(int *device, int ordinal) { return ordinal ? INVALID : (*device = 0, 0); }
code cuDeviceGetName(char *name, int size, int device) { return device ? INVALID : (snprintf(name, size, "A GPU in C"), 0); }
code cuDeviceTotalMem_v2(size_t *bytes, int device) { return device ? INVALID : (*bytes = setting("FAKE_CUDA_MEMORY", 1 << 28), 0); }
code cuDeviceGetAttribute(int *value, int attribute, int device) {
	if (device) return INVALID;
	switch (attribute) {
	case 75: *value = 8; return 0;
	case 76: *value = 6; return 0;
	case 16: *value = 28; return 0;
	case 13: *value = 1777000; return 0;
	case 36: *value = 7501000; return 0;
	case 37: *value = 192; return 0;
	case 38: *value = 2359296; return 0;
	}
	return INVALID;
}
code cuDevicePrimaryCtxRetain(uintptr_t *context, int device) { return device ? INVALID : (retained++, *context = CONTEXT, 0); }
code cuDevicePrimaryCtxRelease_v2(int device) { return device || !retained ? INVALID : (retained--, 0); }
code cuCtxSetCurrent(uintptr_t context) { return current = context, 0; }

code cuModuleLoadDataEx(uintptr_t *module, const char *image, unsigned n, int *options, void **values) {
	NEEDS_CONTEXT;
	if (!strstr(image, ".version 7.0") || n != 2 || options[0] != 5 || options[1] != 6 || (uintptr_t)values[1] < 1024) return INVALID;
	const char *wish = getenv("FAKE_CUDA_PTX");
	if (wish && !strcmp(wish, "refuse")) return snprintf(values[0], (uintptr_t)values[1], "ptxas fatal : it was told to\nmore"), BAD_PTX;
	return modules++, *module = MODULE, 0;
}
code cuModuleUnload(uintptr_t module) { NEEDS_CONTEXT; return module != MODULE || !modules ? INVALID : (modules--, 0); }
code cuModuleGetFunction(uintptr_t *kernel, uintptr_t module, const char *name) {
	NEEDS_CONTEXT;
	if (module != MODULE || known == KERNELS) return INVALID;
	if (strlen(name) >= sizeof kernels[0].name) return NO_SYMBOL;
	strcpy(kernels[known].name, name);
	return *kernel = (uintptr_t)&kernels[known++], 0;
}

code cuStreamCreate(uintptr_t *stream, unsigned flags) { NEEDS_CONTEXT; return flags != 1 ? INVALID : (*stream = 0x500 + ++streams, 0); }
static int isStream(uintptr_t s) { return s > 0x500 && s < 0x500 + STREAMS; }
code cuStreamDestroy_v2(uintptr_t s) { NEEDS_CONTEXT; return isStream(s) ? (streams--, 0) : INVALID; }
code cuStreamSynchronize(uintptr_t s) { NEEDS_CONTEXT; return isStream(s) ? 0 : INVALID; }
static int isEvent(uintptr_t e) { return e == 0xe0; }
code cuStreamWaitEvent(uintptr_t s, uintptr_t event, unsigned flags) { NEEDS_CONTEXT; return isStream(s) && isEvent(event) && !flags ? 0 : INVALID; }
code cuStreamWriteValue32_v2(uintptr_t s, place at, uint32_t value, unsigned flags) {
	NEEDS_CONTEXT;
	return isStream(s) && !flags ? (*(volatile uint32_t *)at = value, 0) : INVALID;
}
code cuEventCreate(uintptr_t *event, unsigned flags) { NEEDS_CONTEXT; return flags & ~2u ? INVALID : (events++, *event = 0xe0, 0); }
code cuEventDestroy_v2(uintptr_t event) { NEEDS_CONTEXT; return isEvent(event) ? (events--, 0) : INVALID; }
code cuEventRecord(uintptr_t event, uintptr_t s) { NEEDS_CONTEXT; return isEvent(event) && isStream(s) ? 0 : INVALID; }
code cuEventSynchronize(uintptr_t event) { NEEDS_CONTEXT; return isEvent(event) ? 0 : INVALID; }
code cuEventElapsedTime(float *ms, uintptr_t from, uintptr_t to) { NEEDS_CONTEXT; return isEvent(from) && isEvent(to) ? (*ms = 0.25f, 0) : INVALID; }

// A buffer's size stands before it.
code cuMemAlloc_v2(place *at, size_t bytes) {
	NEEDS_CONTEXT;
	if (taken + bytes > (uint64_t)setting("FAKE_CUDA_MEMORY", 1 << 28)) return NO_MEMORY;
	uint64_t *memory = malloc(bytes + 64);
	taken += *memory = bytes;
	memset(memory + 8, 0xee, bytes);
	return *at = (place)(memory + 8), 0;
}
code cuMemFree_v2(place at) {
	NEEDS_CONTEXT;
	taken -= *(uint64_t *)(at - 64);
	free((void *)(at - 64));
	return 0;
}
code cuMemGetInfo_v2(size_t *available, size_t *total) {
	NEEDS_CONTEXT;
	*total = setting("FAKE_CUDA_MEMORY", 1 << 28);
	return *available = *total - taken, 0;
}
code cuMemHostAlloc(void **p, size_t bytes, unsigned flags) { NEEDS_CONTEXT; return flags & ~3u ? INVALID : (pinned++, *p = calloc(bytes, 1), 0); }
code cuMemFreeHost(void *p) { NEEDS_CONTEXT; return pinned--, free(p), 0; }
code cuMemHostGetDevicePointer_v2(place *at, void *p, unsigned flags) { NEEDS_CONTEXT; return flags ? INVALID : (*at = (place)p, 0); }
code cuMemcpyHtoDAsync_v2(place at, const void *from, size_t bytes, uintptr_t s) { NEEDS_CONTEXT; return isStream(s) ? (memcpy((void *)at, from, bytes), 0) : INVALID; }
code cuMemcpyDtoHAsync_v2(void *to, place at, size_t bytes, uintptr_t s) { NEEDS_CONTEXT; return isStream(s) ? (memcpy(to, (void *)at, bytes), 0) : INVALID; }
code cuMemsetD32Async(place at, unsigned value, size_t n, uintptr_t s) {
	NEEDS_CONTEXT;
	if (!isStream(s)) return INVALID;
	for (size_t i = 0; i < n; i++) ((uint32_t *)at)[i] = value;
	return 0;
}

// The sizes of the parameters of the kernels that are known here.
static const struct { const char *name; int sizes[10]; } shapes[] = {
	{"add", {8, 8, 8, 8}},
	{"scale", {8, 8, 8, 4}},
	{"clamp", {8, 8, 8, 4, 4}},
	{"norm", {8, 8, 8, 8, 8, 4, 4, 4}},
};

#define PARAM(type, i) (*(type *)params[i])

code cuLaunchKernel(struct kernel *kernel, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
		unsigned shared, uintptr_t stream, void **params, void **extra) {
	NEEDS_CONTEXT;
	if (!isStream(stream) || extra || launched == LAUNCHES) return INVALID;
	struct launch *l = &launches[launched++];
	unsigned dims[] = {gx, gy, gz, bx, by, bz, shared};
	strcpy(l->name, kernel->name);
	memcpy(l->dims, dims, sizeof dims);
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		if (!strcmp(shapes[i].name, kernel->name))
			for (int j = 0; shapes[i].sizes[j]; j++) {
				memcpy(l->params + l->bytes, params[j], shapes[i].sizes[j]);
				l->bytes += shapes[i].sizes[j];
			}
	if (!l->bytes) return FAILED;
	if (!strcmp(l->name, "norm")) return 0;
	int pair = !strcmp(l->name, "add");
	const float *a = PARAM(const float *, 0), *b = PARAM(const float *, 1);
	float *out = PARAM(float *, pair ? 2 : 1);
	int64_t n = PARAM(int64_t, pair ? 3 : 2);
	for (int64_t i = 0; i < n; i++) {
		if (pair) out[i] = a[i] + b[i];
		else if (!strcmp(l->name, "scale")) out[i] = a[i] * PARAM(float, 3);
		else out[i] = a[i] < PARAM(float, 3) ? PARAM(float, 3) : a[i] > PARAM(float, 4) ? PARAM(float, 4) : a[i];
	}
	return 0;
}

// For the test alone.
int fake_launched(void) { return launched; }
const struct launch *fake_launch(int i) { return &launches[i]; }
int fake_left(void) { return retained + streams + events + modules + (int)pinned + (taken != 0); }
