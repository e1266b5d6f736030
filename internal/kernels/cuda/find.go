package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"attn/internal/kernels"
)

// Device is what the driver says of a GPU.
type Device struct {
	Name       string  `json:"name"`
	Capability string  `json:"compute_capability"` // such as 8.6
	Memory     int     `json:"memory"`             // bytes
	SMs        int     `json:"multiprocessors"`
	ClockMHz   float64 `json:"clock_mhz"`
	MemoryMHz  float64 `json:"memory_clock_mhz"`
	BusBits    int     `json:"memory_bus_bits"`
	L2         int     `json:"l2_bytes"`

	major, minor int
}

// Info is what was found of GPUs.
type Info struct {
	Looked  string   `json:"library"`          // what was looked for
	Driver  string   `json:"driver"`           // the version of CUDA that the driver has, such as 12.4; "" without one
	Module  string   `json:"module,omitempty"` // the driver's own version, such as 550.54.15, where the kernel tells it
	Devices []Device `json:"devices"`          // that the driver lets this process see
	Chosen  int      `json:"chosen"`           // which of them --device cuda takes; -1: none
	Why     string   `json:"why,omitempty"`    // no device can be used
	Needs   string   `json:"needs"`            // the least version of CUDA
	Least   string   `json:"needs_capability"` // the least compute capability
}

// absentError says why there is no device to use.
type absentError struct{ error }

func (absentError) Is(target error) bool { return target == kernels.ErrNoDevice }
func (e absentError) Unwrap() error      { return e.error }

// finder is where GPUs are looked for.
type finder struct {
	library func() (*calls, error)
	getenv  func(string) (string, bool)
	module  string // the file in which NVIDIA's kernel module tells its version; "" is none
}

// system is this machine's driver.
func system() finder {
	return finder{
		library: func() (*calls, error) { return openLibrary(libraryNames()) },
		getenv:  os.LookupEnv,
		module:  "/proc/driver/nvidia/version", // of Linux
	}
}

// Find looks for GPUs. It makes no context, and takes no memory of theirs.
func Find() Info {
	_, info, err := system().find()
	if err != nil {
		info.Why = err.Error()
	}
	return info
}

// Try is Find, and sees whether the device computes.
func Try() Info { return system().try() }

func (f finder) try() Info {
	_, info, err := f.find()
	if err == nil {
		var b *Backend
		if b, err = f.open(); err == nil {
			err = b.Close()
		}
	}
	if err != nil {
		info.Chosen, info.Why = -1, err.Error()
	}
	return info
}

// find opens the driver and chooses a device: the first that the kernels can run
// on.
func (f finder) find() (*calls, Info, error) {
	info := Info{Looked: libraryNames()[0], Chosen: -1, Devices: []Device{}, Module: moduleVersion(f.module)}
	version, target, unknown := needed() // in a build without kernels, which has no driver either
	if unknown == nil {
		info.Needs, info.Least = dotted(version, 1000, 10), dotted(target, 10, 1)
	}
	c, err := f.library()
	if err != nil {
		return nil, info, absentError{err}
	}
	if unknown != nil {
		return nil, info, unknown
	}
	if err := f.survey(c, &info, version, target); err != nil {
		return nil, info, absentError{err}
	}
	return c, info, nil
}

func (f finder) survey(c *calls, info *Info, version, target int) error {
	var has, count int32
	if err := c.failure("cuDriverGetVersion", c.DriverVersion(&has)); err != nil {
		return err
	}
	info.Driver = dotted(int(has), 1000, 10)
	if int(has) < version {
		return fmt.Errorf("the NVIDIA driver is too old: it has CUDA %s, attn's kernels need %s", info.Driver, info.Needs)
	}
	if got := c.Init(0); got != codeSuccess {
		return f.noDevice(c.failure("cuInit", got), got)
	}
	if err := c.failure("cuDeviceGetCount", c.DeviceCount(&count)); err != nil {
		return err
	}
	if count == 0 {
		return f.noDevice(errors.New("the driver has none"), codeNoDevice)
	}
	for i := range int(count) {
		device, err := read(c, int32(i))
		if err != nil {
			return err
		}
		info.Devices = append(info.Devices, device)
		if info.Chosen < 0 && 10*device.major+device.minor >= target {
			info.Chosen = i
		}
	}
	if d := info.Devices[0]; info.Chosen < 0 {
		return fmt.Errorf("%s is too old: its compute capability is %s, attn's kernels need %s", d.Name, d.Capability, info.Least)
	}
	return nil
}

// visible is the variable that hides devices from a process.
const visible = "CUDA_VISIBLE_DEVICES"

// noDevice says why the driver shows no device.
func (f finder) noDevice(err error, got code) error {
	hidden, set := f.getenv(visible)
	switch {
	case got != codeNoDevice:
		return err
	case set && strings.TrimSpace(hidden) == "":
		return fmt.Errorf("no GPU: %s is empty, which hides all of them", visible)
	case set:
		return fmt.Errorf("no GPU: %s is %.40q, and the driver knows none of that name", visible, hidden)
	}
	return fmt.Errorf("no GPU: %w", err)
}

// read asks the driver what a device is.
func read(c *calls, ordinal int32) (Device, error) {
	var d Device
	var device int32
	if err := c.failure("cuDeviceGet", c.Device(&device, ordinal)); err != nil {
		return d, err
	}
	name := make([]byte, 256)
	if err := c.failure("cuDeviceGetName", c.DeviceName(&name[0], int32(len(name)), device)); err != nil {
		return d, err
	}
	name, _, _ = bytes.Cut(name, []byte{0})
	d.Name = string(name)
	var memory uint64
	if err := c.failure("cuDeviceTotalMem", c.DeviceMemory(&memory, device)); err != nil {
		return d, err
	}
	d.Memory = int(memory)
	var clock, memoryClock int
	for _, a := range []struct {
		to        *int
		attribute int32
	}{
		{&d.major, attributeMajor},
		{&d.minor, attributeMinor},
		{&d.SMs, attributeSMs},
		{&clock, attributeClock},
		{&memoryClock, attributeMemClock},
		{&d.BusBits, attributeBusWidth},
		{&d.L2, attributeL2},
	} {
		var value int32
		if err := c.failure("cuDeviceGetAttribute", c.DeviceAttribute(&value, a.attribute, device)); err != nil {
			return d, err
		}
		*a.to = int(value)
	}
	d.Capability = fmt.Sprintf("%d.%d", d.major, d.minor)
	d.ClockMHz, d.MemoryMHz = float64(clock)/1000, float64(memoryClock)/1000
	return d, nil
}

// needed returns what the kernels need, from their PTX: the least version of
// CUDA, as the driver counts it, and the least target, such as 80. A kernel for
// a later target stands beside one for the first, and does not count.
func needed() (version, target int, err error) {
	entries, err := compiled.ReadDir("ptx")
	if err != nil {
		return 0, 0, err
	}
	for _, entry := range entries {
		source, err := compiled.ReadFile(path.Join("ptx", entry.Name()))
		if err != nil {
			return 0, 0, err
		}
		v, t, err := needs(string(source[:min(len(source), 512)]))
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		if target == 0 || t < target {
			version, target = v, t
		}
	}
	return version, target, nil
}

// needs reads the first directives of PTX.
func needs(ptx string) (version, target int, err error) {
	word := func(directive string) string {
		_, rest, _ := strings.Cut(ptx, directive+" ")
		w, _, _ := strings.Cut(rest, "\n")
		return strings.TrimSpace(w)
	}
	version, ok := driverFor(word(".version"))
	if !ok {
		return 0, 0, fmt.Errorf("PTX of version %q", word(".version"))
	}
	digits := strings.TrimRight(strings.TrimPrefix(word(".target"), "sm_"), "abcdefghijklmnopqrstuvwxyz")
	target, err = strconv.Atoi(digits)
	return version, target, err
}

// driverFor is the CUDA that first took a version of PTX (the ISA's release
// notes).
func driverFor(ptx string) (int, bool) {
	version, ok := map[string]int{
		"7.0": 11000, "7.1": 11010, "7.2": 11020, "7.3": 11030, "7.4": 11040, "7.5": 11050, "7.6": 11060, "7.7": 11070, "7.8": 11080,
		"8.0": 12000,
	}[ptx]
	return version, ok
}

// moduleVersion reads what NVIDIA's kernel module says of itself: in the first
// line, "NVRM version: ... Kernel Module  550.54.15  Tue ...", the first word of
// numbers. A file that is not there, or says something else, tells nothing.
func moduleVersion(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close() // only reads
	said, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return ""
	}
	for _, word := range strings.Fields(firstLine(string(said))) {
		if isVersion(word) {
			return word
		}
	}
	return ""
}

// isVersion reports whether a word is numbers with points between, two at least.
func isVersion(word string) bool {
	parts := strings.Split(word, ".")
	for _, part := range parts {
		if strings.Trim(part, "0123456789") != "" || part == "" {
			return false
		}
	}
	return len(parts) > 1
}

// dotted is a number such as 12040 as 12.4.
func dotted(n, major, minor int) string { return fmt.Sprintf("%d.%d", n/major, n%major/minor) }

// inBytes is a size as people read it.
func inBytes(n int) string {
	size, unit := float64(n), 0
	for size >= 1024 && unit < 4 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %ciB", size, " KMGT"[unit])
}

// firstLine is the first line of a text that says something.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}
