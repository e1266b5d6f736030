// Command attn shows, step by step and with the real numbers, what attention
// does inside a transformer.
package main

import (
	"os"

	"attn/internal/cli"
)

func main() {
	os.Exit(cli.Main())
}
