//go:build nocuda

package cuda

import "embed"

// compiled is empty: a program that opens no driver carries no kernels.
var compiled embed.FS
