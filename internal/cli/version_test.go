package cli

import (
	"strings"
	"testing"

	"attn/internal/kernels/cuda"
)

// TestVersionTellsOfGPUs: what was found, what is taken, and why nothing is.
func TestVersionTellsOfGPUs(t *testing.T) {
	device := cuda.Device{Name: "NVIDIA \x1b[2JX", Capability: "8.6", Memory: 12 << 30}
	old := cuda.Device{Name: "old", Capability: "7.5", Memory: 4 << 30}
	for _, c := range []struct {
		info *cuda.Info
		want string
	}{
		{nil, "not in this build"},
		{&cuda.Info{Chosen: -1, Why: "no NVIDIA driver: looked for it"}, "not used: no NVIDIA driver: looked for it"},
		{
			&cuda.Info{Driver: "12.4", Chosen: 1, Devices: []cuda.Device{old, device}},
			"driver with CUDA 12.4|0: old, compute capability 7.5, 4 GiB|1: NVIDIA ␛[2JX, compute capability 8.6, 12 GiB, which --device auto and cuda take",
		},
		{&cuda.Info{Module: "550.54.15", Driver: "12.4", Chosen: 0, Devices: []cuda.Device{old}}, "driver 550.54.15 with CUDA 12.4|0: old, compute capability 7.5, 4 GiB, which --device auto and cuda take"},
		{&cuda.Info{Module: "550.54.15", Chosen: -1, Why: "no NVIDIA driver"}, "driver 550.54.15|not used: no NVIDIA driver"},
		{
			&cuda.Info{Driver: "10.2", Chosen: -1, Devices: []cuda.Device{old}, Why: "too old"},
			"driver with CUDA 10.2|0: old, compute capability 7.5, 4 GiB|not used: too old",
		},
	} {
		if got := strings.Join(cudaLines(c.info), "|"); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
