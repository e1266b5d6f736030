package cuda

import (
	"fmt"
	"unsafe"
)

// handle is one of the driver's own objects: a context, module, kernel, stream
// or event.
type handle uintptr

// code is what every call of the driver returns, a CUresult of NVIDIA's cuda.h.
type code int32

// The codes that attn tells apart.
const (
	codeSuccess        code = 0
	codeOutOfMemory    code = 2
	codeNoDevice       code = 100
	codeUnsupportedPTX code = 222
	codeIllegalAddress code = 700
	codeLaunchTimeout  code = 702
	codeAssert         code = 710
	codeStackError     code = 714 // the first of several that a kernel leaves behind,
	codeLaunchFailed   code = 719 // and the last
	codeDriverMismatch code = 803
	codeNoSymbol       code = 500
)

// inKernel reports whether a kernel that runs came to it, and not the call that
// tells: the context is of no more use then.
func (c code) inKernel() bool {
	return c == codeIllegalAddress || c == codeLaunchTimeout || c == codeAssert || c >= codeStackError && c <= codeLaunchFailed
}

// calls are the functions of NVIDIA's driver API that attn uses, each with the C
// function's own parameters (cuda.h; "CUDA Driver API" reference manual). The
// tag is the name in the library: calls that once had other parameters end in
// _v2. Package tests fill it with functions of their own.
type calls struct {
	Init              func(flags uint32) code                                                                                          `symbol:"cuInit"`
	DriverVersion     func(version *int32) code                                                                                        `symbol:"cuDriverGetVersion"`
	ErrorName         func(c code, name **byte) code                                                                                   `symbol:"cuGetErrorName"`
	ErrorText         func(c code, text **byte) code                                                                                   `symbol:"cuGetErrorString"`
	DeviceCount       func(count *int32) code                                                                                          `symbol:"cuDeviceGetCount"`
	Device            func(device *int32, ordinal int32) code                                                                          `symbol:"cuDeviceGet"`
	DeviceName        func(name *byte, size, device int32) code                                                                        `symbol:"cuDeviceGetName"`
	DeviceMemory      func(bytes *uint64, device int32) code                                                                           `symbol:"cuDeviceTotalMem_v2"`
	DeviceAttribute   func(value *int32, attribute, device int32) code                                                                 `symbol:"cuDeviceGetAttribute"`
	ContextRetain     func(context *handle, device int32) code                                                                         `symbol:"cuDevicePrimaryCtxRetain"`
	ContextRelease    func(device int32) code                                                                                          `symbol:"cuDevicePrimaryCtxRelease_v2"`
	ContextSet        func(context handle) code                                                                                        `symbol:"cuCtxSetCurrent"`
	ModuleLoad        func(m *handle, image *byte, n uint32, options *int32, values *uintptr) code                                     `symbol:"cuModuleLoadDataEx"`
	ModuleUnload      func(m handle) code                                                                                              `symbol:"cuModuleUnload"`
	ModuleKernel      func(kernel *handle, m handle, name *byte) code                                                                  `symbol:"cuModuleGetFunction"`
	StreamCreate      func(s *handle, flags uint32) code                                                                               `symbol:"cuStreamCreate"`
	StreamDestroy     func(s handle) code                                                                                              `symbol:"cuStreamDestroy_v2"`
	StreamSynchronize func(s handle) code                                                                                              `symbol:"cuStreamSynchronize"`
	StreamWaitEvent   func(s, event handle, flags uint32) code                                                                         `symbol:"cuStreamWaitEvent"`
	StreamWriteValue  func(s handle, at pointer, value, flags uint32) code                                                             `symbol:"cuStreamWriteValue32_v2"`
	EventCreate       func(event *handle, flags uint32) code                                                                           `symbol:"cuEventCreate"`
	EventDestroy      func(event handle) code                                                                                          `symbol:"cuEventDestroy_v2"`
	EventRecord       func(event, s handle) code                                                                                       `symbol:"cuEventRecord"`
	EventSynchronize  func(event handle) code                                                                                          `symbol:"cuEventSynchronize"`
	EventElapsed      func(ms *float32, from, to handle) code                                                                          `symbol:"cuEventElapsedTime"`
	MemoryAlloc       func(at *pointer, bytes uint64) code                                                                             `symbol:"cuMemAlloc_v2"`
	MemoryFree        func(at pointer) code                                                                                            `symbol:"cuMemFree_v2"`
	MemoryInfo        func(free, total *uint64) code                                                                                   `symbol:"cuMemGetInfo_v2"`
	HostAlloc         func(p *unsafe.Pointer, bytes uint64, flags uint32) code                                                         `symbol:"cuMemHostAlloc"`
	HostFree          func(p unsafe.Pointer) code                                                                                      `symbol:"cuMemFreeHost"`
	HostDevicePointer func(at *pointer, p unsafe.Pointer, flags uint32) code                                                           `symbol:"cuMemHostGetDevicePointer_v2"`
	CopyToDevice      func(at pointer, from unsafe.Pointer, n uint64, s handle) code                                                   `symbol:"cuMemcpyHtoDAsync_v2"`
	CopyFromDevice    func(to unsafe.Pointer, at pointer, n uint64, s handle) code                                                     `symbol:"cuMemcpyDtoHAsync_v2"`
	Fill              func(at pointer, value uint32, n uint64, s handle) code                                                          `symbol:"cuMemsetD32Async"`
	Launch            func(kernel handle, gx, gy, gz, bx, by, bz, shared uint32, s handle, params *unsafe.Pointer, extra uintptr) code `symbol:"cuLaunchKernel"`
}

// Flags of cuda.h.
const (
	streamNonBlocking = 1 // does not wait for the stream that has no name
	eventTimingOff    = 2
	hostPortable      = 1 // page-locked for every context
	hostMapped        = 2 // the GPU may write there itself
	attributeMajor    = 75
	attributeMinor    = 76
	attributeSMs      = 16
	attributeClock    = 13 // kHz
	attributeMemClock = 36 // kHz
	attributeBusWidth = 37 // bits
	attributeL2       = 38 // bytes
	jitErrorLog       = 5  // CU_JIT_ERROR_LOG_BUFFER
	jitErrorLogSize   = 6
)

// callError is what a call of the driver failed with.
type callError struct {
	call string
	code code
	name string // such as CUDA_ERROR_OUT_OF_MEMORY; "" when the driver does not know it
	text string
}

func (e *callError) Error() string {
	if e.name == "" {
		return fmt.Sprintf("%s: error %d", e.call, e.code)
	}
	return fmt.Sprintf("%s: %s (%s)", e.call, e.text, e.name)
}

// failure is the error of a call, named as in the library; nil if it went well.
func (c *calls) failure(call string, got code) error {
	if got == codeSuccess {
		return nil
	}
	return &callError{call: call, code: got, name: describe(c.ErrorName, got), text: describe(c.ErrorText, got)}
}

// describe asks the driver for a code's name or text.
func describe(ask func(code, **byte) code, c code) string {
	var text *byte
	if ask == nil || ask(c, &text) != codeSuccess || text == nil {
		return ""
	}
	return cString(text)
}

// maxText bounds what is read of the driver's texts.
const maxText = 4096

// cString is a text that ends with a zero byte, as C's do.
func cString(p *byte) string {
	var text []byte
	for i := range maxText {
		b := *(*byte)(unsafe.Add(unsafe.Pointer(p), i))
		if b == 0 {
			break
		}
		text = append(text, b)
	}
	return string(text)
}
