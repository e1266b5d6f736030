package model

import (
	"context"

	"attn/internal/kernels"
	"attn/internal/tensor"
)

// cancellable passes ops on until its context is cancelled; after that they do
// nothing, so that a pass stops between two ops and Forward, which asks the
// context at the end, throws the empty rest away. What ops make is noted in the
// scope.
type cancellable struct {
	be    kernels.Backend
	ctx   context.Context
	scope *scope
}

// nothing is what an op returns that did not run.
type nothing struct{}

func (nothing) Shape() []tensor.Dim { return nil }

func (c cancellable) stopped() bool { return c.ctx.Err() != nil }

func (c cancellable) Name() string { return c.be.Name() }
func (c cancellable) Err() error   { return c.be.Err() }
func (c cancellable) Close() error { return c.be.Close() }

func (c cancellable) Put(t tensor.Tensor) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Put(t))
}

func (c cancellable) Get(a kernels.Array) tensor.Tensor {
	if c.stopped() {
		return tensor.Tensor{}
	}
	return c.be.Get(a)
}

func (c cancellable) Gather(w kernels.Weight, ids []int32) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Gather(w, ids))
}

func (c cancellable) Rows(x kernels.Array, rows []int) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Rows(x, rows))
}

func (c cancellable) AddRows(x, y kernels.Array, rows []int, factors []float32) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.became(x, c.be.AddRows(x, y, rows, factors))
}

func (c cancellable) Route(scores kernels.Array, o kernels.RouteOpts) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Route(scores, o))
}

func (c cancellable) MatMul(x kernels.Array, w kernels.Weight, o kernels.MatMulOpts) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.MatMul(x, w, o))
}

func (c cancellable) Norm(x kernels.Array, o kernels.NormOpts) (normalized, scale kernels.Array) {
	if c.stopped() {
		return nothing{}, nothing{}
	}
	return c.scope.both(c.be.Norm(x, o))
}

func (c cancellable) Add(a, b kernels.Array) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Add(a, b))
}

func (c cancellable) Activate(x kernels.Array, f kernels.Activation) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Activate(x, f))
}

func (c cancellable) Scores(q, k kernels.Array) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Scores(q, k))
}

func (c cancellable) Scale(x kernels.Array, factor float32) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Scale(x, factor))
}

func (c cancellable) Mask(x kernels.Array, m kernels.Mask) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Mask(x, m))
}

func (c cancellable) Softmax(x kernels.Array) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Softmax(x))
}

func (c cancellable) Top(x kernels.Array, n int) (values, places kernels.Array) {
	if c.stopped() {
		return nothing{}, nothing{}
	}
	return c.scope.both(c.be.Top(x, n))
}

func (c cancellable) Mix(pattern, v kernels.Array) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Mix(pattern, v))
}

func (c cancellable) HeadResults(z kernels.Array, w kernels.Weight) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.HeadResults(z, w))
}

func (c cancellable) Reshape(x kernels.Array, shape ...tensor.Dim) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Reshape(x, shape...))
}

func (c cancellable) Multiply(a, b kernels.Array) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Multiply(a, b))
}

func (c cancellable) Rotate(x kernels.Array, o kernels.RotaryOpts) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Rotate(x, o))
}

func (c cancellable) Softcap(x kernels.Array, limit float32) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Softcap(x, limit))
}

func (c cancellable) Clamp(x kernels.Array, low, high float32) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Clamp(x, low, high))
}

func (c cancellable) Join(x, y kernels.Array) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.Join(x, y))
}

func (c cancellable) KeyBias(x kernels.Array, bias []float32) kernels.Array {
	if c.stopped() {
		return nothing{}
	}
	return c.scope.made(c.be.KeyBias(x, bias))
}

func (c cancellable) SoftmaxSink(x kernels.Array, sinks []float32) (pattern, sink kernels.Array) {
	if c.stopped() {
		return nothing{}, nothing{}
	}
	return c.scope.both(c.be.SoftmaxSink(x, sinks))
}

// cancellableFused does the same for a backend's fused attention.
type cancellableFused struct {
	fused kernels.FusedAttention
	cancellable
}

func (c cancellableFused) Attention(q, k, v kernels.Array, o kernels.AttentionOpts) (kernels.Array, kernels.AttentionStats) {
	if c.stopped() {
		return nothing{}, kernels.AttentionStats{}
	}
	out, stats := c.fused.Attention(q, k, v, o)
	return c.scope.made(out), stats
}

// cancellableLater does the same for a backend that brings results back beside
// its ops.
type cancellableLater struct {
	kernels.Overlapping
	cancellable
}

func (c cancellableLater) Later(a kernels.Array) tensor.Tensor {
	if c.stopped() {
		return tensor.Tensor{}
	}
	return c.Overlapping.Later(a)
}

// cancellableAttention does the same for a backend that makes patterns and sums of values
// in one go.
type cancellableAttention struct {
	kernels.Attender
	cancellable
}

func (c cancellableAttention) Attend(q, k, v kernels.Array, factor float32, m kernels.Mask) (pattern, z kernels.Array) {
	if c.stopped() {
		return nothing{}, nothing{}
	}
	return c.scope.both(c.Attender.Attend(q, k, v, factor, m))
}
